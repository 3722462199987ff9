"""Who is who: digests, certificates, and the bindings of phones, browsers and gateways."""
