"""`ringfence setup-link`: a new one-time link for making the administrator."""

from typing import Annotated

import typer

from ringfence.cli.outcome import print_json, refuse
from ringfence.cli.portal_command import portal_output


def setup_link(as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False) -> None:
    """Print a new one-time setup link; the earlier one stops working. Says so when the administrator exists."""
    link = portal_output("setup-link").strip()
    if not link:
        refuse("the administrator exists; a forgotten password: ringfence sign-in new-password admin")
    if as_json:
        print_json({"link": link})
    else:
        typer.echo(link)
