"""Alarms, and what raises them on this host."""
