"""Calls to the outside: canonical numbers, codes, hours, rules, and what they cost."""
