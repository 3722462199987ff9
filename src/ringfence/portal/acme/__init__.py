"""Certificates that an authority issues and renews by itself (RFC 8555, http-01)."""
