"""Calls inside: who is rung, forwards, transfers, features, and how many calls may be up."""
