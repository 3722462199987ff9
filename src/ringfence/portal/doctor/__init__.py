"""The doctor's page, its REST operations, its history, and what it can mend at once."""
