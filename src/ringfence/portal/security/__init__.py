"""Security settings, address entries, blocked user agents, bans."""
