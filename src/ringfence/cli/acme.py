"""`ringfence acme`: order the certificate from an authority, and see how orders went."""

from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal

group = typer.Typer(help="The certificate that an authority issues (ACME).", no_args_is_help=True)


@group.command("order")
def order() -> None:
    """Order one now; where and for which names is set in the portal or over REST."""
    run_portal("acme", "order")


@group.command("show")
def show(as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False) -> None:
    """Print the last orders, and why one failed."""
    run_portal("acme", "show", *(["--json"] if as_json else []))
