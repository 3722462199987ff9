"""Trunks: ways to providers and gateways (reference: "Trunk Security")."""
