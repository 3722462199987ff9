"""The rig: network namespaces, processes pinned to processors, and the charging of their time."""
