"""Voicemail: mailboxes, messages, and the mail room that the voice process asks."""
