"""What answers a number besides an extension: ring groups and announcements."""
