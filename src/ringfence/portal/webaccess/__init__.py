"""What the web server listens on, its certificate, and from where administrators may come."""
