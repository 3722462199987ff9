"""Signing in: passwords, second factors, sessions, the password policy of each tenant."""
