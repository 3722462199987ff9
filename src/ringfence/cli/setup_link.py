"""`ringfence setup-link`: a new one-time link for making the administrator."""

from ringfence.cli.portal_command import run_portal


def setup_link() -> None:
    """Print a new one-time setup link; the earlier one stops working. Says so when the administrator exists."""
    run_portal("setup-link")
