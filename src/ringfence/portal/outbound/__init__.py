"""Calls to the outside: number plan, codes, emergency numbers, office hours and outbound rules of each tenant."""
