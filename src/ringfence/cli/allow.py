"""`ringfence allow`: entries of the IP blacklist page with the action Allow, through the portal's own command."""

from typing import Annotated

import typer

from ringfence.cli import address_lists

group = typer.Typer(
    help="Keep addresses free of the anti-hacking checks. They still have to authenticate.", no_args_is_help=True
)

address_lists.add_to(group, "allow", "allow")

Prefix = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address, 192.0.2.0/24 or 192.0.2.0/255.255.255.0.")]
AsJson = Annotated[bool, typer.Option("--json", help="As a JSON document.")]


@group.command("add")
def add(
    prefix: Prefix,
    description: Annotated[str, typer.Option(help="Why; shown in the list.")] = "",
    seconds: Annotated[int, typer.Option(help="End after so many seconds; never without.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Add an allow entry; a ban it covers is lifted at once."""
    address_lists.carry_out("allow", as_json, "add", prefix, "--description", description, "--seconds", str(seconds))


@group.command("remove")
def remove(prefix: Prefix, as_json: AsJson = False) -> None:
    """Remove an allow entry."""
    address_lists.carry_out("allow", as_json, "remove", prefix)


@group.command("list")
def list_entries(as_json: AsJson = False) -> None:
    """List the allow entries."""
    address_lists.carry_out("allow", as_json, "list")
