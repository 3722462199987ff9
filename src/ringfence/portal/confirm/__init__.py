"""Security changes that revert by themselves unless somebody confirms them over a new connection."""
