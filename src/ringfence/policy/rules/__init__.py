"""One function is one rule; a rule's id is its address: `packet.size` is `def size` in packet.py."""
