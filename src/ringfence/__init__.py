"""Ringfence: a business phone system that is secure by default."""

__version__ = "0.1.0"
