"""Certificates and authorities: made, brought, checked, kept in pairs."""
