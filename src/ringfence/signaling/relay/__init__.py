"""The media relay between the parties of a call."""
