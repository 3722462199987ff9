"""What goes on right now, registrations, calls and trunks: kept, given back to the core, started and ended."""
