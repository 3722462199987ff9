"""The command line: one module for each verb, listed in app.py."""
