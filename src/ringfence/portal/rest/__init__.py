"""What every operation of the REST API keeps: preconditions, idempotency keys, rates, one shape of error."""
