"""Tenants: one customer each, its SIP domain is its realm."""
