"""What is changed while the system runs: staged, checked, swapped, looked after, taken back."""
