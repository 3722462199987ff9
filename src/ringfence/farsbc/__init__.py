"""An SBC on a host of its own: how it is enrolled at the core's host, and how bans come to it (docs/adr/0058)."""
