"""`ringfence phone`: phones that fetch their configuration, through the portal's own command."""

from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal

group = typer.Typer(help="Add, list, open and remove phones that fetch their configuration.", no_args_is_help=True)

Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Name, domain or id of the tenant.")]
PhoneId = Annotated[int, typer.Argument(metavar="PHONE", help="Its id, as `ringfence phone list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="As a JSON document.")]


@group.command("add")
def add(
    tenant: Tenant,
    extension: Annotated[str, typer.Argument(metavar="EXTENSION", help="Who uses the phone.")],
    vendor: Annotated[
        str, typer.Argument(metavar="VENDOR", help="yealink, grandstream, poly, snom, fanvil, cisco or generic.")
    ],
    mac: Annotated[str, typer.Argument(metavar="MAC", help="As 00:15:65:aa:bb:cc; only apps have none.")] = "",
    transport: Annotated[str, typer.Option(help="tls, tcp or udp.")] = "tls",
    as_json: AsJson = False,
) -> None:
    """Add a phone and print its secret address."""
    words = (tenant, extension, vendor, "--mac", mac, "--transport", transport)
    run_portal("phone", "add", *words, *_flags(as_json))


@group.command("list")
def list_phones(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the phones of a tenant."""
    run_portal("phone", "list", tenant, *_flags(as_json))


@group.command("open")
def reopen(phone: PhoneId, as_json: AsJson = False) -> None:
    """Open its directory for 15 minutes and ask the registered phone to fetch."""
    run_portal("phone", "open", str(phone), *_flags(as_json))


@group.command("rotate")
def rotate(phone: PhoneId, as_json: AsJson = False) -> None:
    """Give it another directory and other passwords, and print them."""
    run_portal("phone", "rotate", str(phone), *_flags(as_json))


@group.command("remove")
def remove(phone: PhoneId, as_json: AsJson = False) -> None:
    """Remove a phone; its directory leads nowhere."""
    run_portal("phone", "remove", str(phone), *_flags(as_json))


def _flags(as_json: bool) -> tuple[str, ...]:
    return ("--json",) if as_json else ()
