"""The benchmark: measures Ringfence beside stock Kamailio and fail2ban on one machine, in one run."""
