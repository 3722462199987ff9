"""Calls from outside: which numbers a tenant has, where they lead, and who may not call."""
