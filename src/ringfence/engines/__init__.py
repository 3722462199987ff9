"""Desired state to engine files, and the processes that run on them."""
