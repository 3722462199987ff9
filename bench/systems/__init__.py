"""The systems under test: stock Kamailio in three variants, fail2ban beside it, and Ringfence."""
