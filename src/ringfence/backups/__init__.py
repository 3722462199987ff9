"""Backups: what belongs to one, how it is sealed, how it is made while everything runs, and how it comes back."""
