"""Recordings of calls: what is recorded, where it lies, who listened."""
