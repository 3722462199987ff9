"""Notices: telling people and other systems what happens, by e-mail, webhook and syslog."""
