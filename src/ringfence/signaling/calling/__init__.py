"""A call from its INVITE to its end: both parties bound to their addresses, rung, counted, told and hung up."""
