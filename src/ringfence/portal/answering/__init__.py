"""What answers a number besides an extension: ring groups, announcements and time conditions."""
