"""Calls from and to providers and gateways, and the care for their trunks."""
