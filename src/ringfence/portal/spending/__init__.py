"""What calls outside cost and may cost: rates, budgets, suspensions."""
