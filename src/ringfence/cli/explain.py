"""`ringfence explain`: which rule a call would take, and why, through the portal's own command."""

from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal


def explain(
    caller: Annotated[str, typer.Argument(metavar="CALLER", help="An extension with its domain, 101@example.com.")],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number as a phone would dial it.")],
    at: Annotated[str, typer.Option(help="Another moment, as 2026-12-24T18:00+01:00.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
) -> None:
    """Say which rule a call would take now or at another time, and why; nothing is called."""
    run_portal("explain", *(["--json"] if as_json else []), "--at", at, "--", caller, number)
