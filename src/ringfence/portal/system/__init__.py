"""First start, dashboard, status."""
