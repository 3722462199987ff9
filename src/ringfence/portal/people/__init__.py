"""People with their extensions, roles and API tokens."""
