"""`ringfence tenant`: tenants, through the portal's own command."""

from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal

group = typer.Typer(help="Add and list tenants.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="As a JSON document.")]


@group.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The customer's name.")],
    domain: Annotated[str, typer.Argument(help="The SIP domain, a host name such as example.com.")],
    country: Annotated[str, typer.Option(help="Where it is, as DE or US: its emergency numbers are known then.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a tenant."""
    where = ("--country", country.upper()) if country else ()
    run_portal("tenant", "add", name, domain, *where, *(("--json",) if as_json else ()))


@group.command("list")
def list_tenants(as_json: AsJson = False) -> None:
    """List the tenants."""
    run_portal("tenant", "list", *(("--json",) if as_json else ()))
