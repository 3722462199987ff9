"""The browser phone: its page on port 10443 and the short-lived credentials it registers with."""
