"""Certificates of phones: who signs them, which were made, which are revoked (docs/adr/0042)."""
