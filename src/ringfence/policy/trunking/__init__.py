"""Trunks: their addresses and keeping, the ways out over them, and what may come in."""
