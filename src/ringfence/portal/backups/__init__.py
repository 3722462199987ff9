"""Backups of the whole system: when they are made, what they are sealed with, what became of each."""
