"""The event journal: append-only segments of one JSON line per event, crash-safe, bounded, replayable."""
