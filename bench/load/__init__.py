"""Load generators: phones that register, and attackers."""
