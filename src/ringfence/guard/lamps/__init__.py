"""Busy lamps, presence and message lights: who watches what, and the NOTIFY that tells of it."""
