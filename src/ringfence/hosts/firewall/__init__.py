"""The firewall plan and what it looks like in the words of each firewall."""
