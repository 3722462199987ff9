"""`ringfence inbound`: asks what calls from outside would do, through the portal's own command."""

from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal

group = typer.Typer(help="Ask where calls from outside lead.", no_args_is_help=True)


@group.callback()
def inbound() -> None:
    """Calls from outside."""


@group.command("explain")
def explain(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number called, as +4930123400.")],
    caller: Annotated[str, typer.Option("--from", help="The number that calls; without one it is withheld.")] = "",
    at: Annotated[str, typer.Option(help="Another moment, as 2026-12-24T18:00+01:00.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
) -> None:
    """Say which rule a call would take now or at another time, and why; nothing rings."""
    words = ["--caller", caller, "--at", at, "--", number]
    run_portal("explaininbound", *(["--json"] if as_json else []), *words)
