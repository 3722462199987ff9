"""Phones that fetch their configuration: a secret directory for each (reference: "IP Phone Security")."""
