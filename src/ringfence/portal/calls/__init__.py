"""Registrations, live calls and call records."""
