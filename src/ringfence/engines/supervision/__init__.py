"""The processes of a running system: which they are, how they are started, watched and started again."""
