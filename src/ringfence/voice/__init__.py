"""The voice process: answers what the system itself says and hears. A SIP endpoint on loopback, behind the SIP core."""
