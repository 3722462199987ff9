"""`ringfence user`: people with their extensions, through the portal's own command."""

from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal

group = typer.Typer(help="Add, list and remove users with their extensions.", no_args_is_help=True)

Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Name, domain or id of the tenant.")]
Extension = Annotated[str, typer.Argument(metavar="EXTENSION", help="3 to 64 digits.")]
AsJson = Annotated[bool, typer.Option("--json", help="As a JSON document.")]


@group.command("add")
def add(
    tenant: Tenant,
    extension: Extension,
    display_name: Annotated[str, typer.Option(help="Shown on the phone of whoever is called.")] = "",
    role: Annotated[str, typer.Option(help="Admin, Standard International User or Standard User.")] = "Standard User",
    as_json: AsJson = False,
) -> None:
    """Add a user and print the generated SIP secret, once."""
    run_portal("user", "add", tenant, extension, "--display-name", display_name, "--role", role, *_flags(as_json))


@group.command("list")
def list_users(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the users of a tenant."""
    run_portal("user", "list", tenant, *_flags(as_json))


@group.command("remove")
def remove(tenant: Tenant, extension: Extension, as_json: AsJson = False) -> None:
    """Remove a user; the extension stops working at once."""
    run_portal("user", "remove", tenant, extension, *_flags(as_json))


@group.command("secret")
def secret(tenant: Tenant, extension: Extension, as_json: AsJson = False) -> None:
    """Make a new SIP secret and print it, once."""
    run_portal("user", "secret", tenant, extension, *_flags(as_json))


def _flags(as_json: bool) -> tuple[str, ...]:
    return ("--json",) if as_json else ()
