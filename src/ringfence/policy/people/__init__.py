"""What people hold and may: passwords, PINs, credentials of browsers, lamps, topics and texts."""
