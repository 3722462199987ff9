"""The media relays: which streams run, who may send to their ports, and the room that is kept for calls for help."""
