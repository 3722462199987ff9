"""Which of Kamailio's sanity checks every request must pass (modules/sanity/README): for its script and for Python."""

from typing import Final

CHECKS: Final = 22503
"""Version, scheme, required headers, CSeq, lengths, Expires, Proxy-Require. Not the digest check (2048): it answers an
unknown scheme with 500, where RFC 4475 section 3.3.7 wants a challenge.
"""

URIS: Final = 15
"""Request-URI, From, To and Contact."""
