"""`ringfence web-access`: the way back into the portal from the server itself."""

import typer

from ringfence.cli.portal_command import run_portal

group = typer.Typer(help="Where administrators may come from.", no_args_is_help=True)


@group.callback()
def _group() -> None:
    """Keeps `open` a word of its own, though it is the only one."""


@group.command("open")
def open_to_all() -> None:
    """Let system administrators in from every address again."""
    run_portal("web-access", "open")
