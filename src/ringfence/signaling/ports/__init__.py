"""The typed ports to Kamailio: beside `memory`, the only importers of KSR."""
