"""The SBC, beside the core or on another host, and the link between the two."""
