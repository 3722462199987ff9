"""Media: what each side is offered, what they agreed on, and what the relay says of it."""
