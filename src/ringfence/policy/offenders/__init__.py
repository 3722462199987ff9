"""Who misbehaves: windows, thresholds, bans and their evidence; address entries and blocked user agents."""
