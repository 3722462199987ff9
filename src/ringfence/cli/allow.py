"""`ringfence allow`: entries of the IP blacklist page with the action Allow, through the portal's own command."""

from typing import Final

import typer

from ringfence.cli import address_lists
from ringfence.cli.address_lists import AsJson, ForSeconds, Prefix, Why, add_entry, carry_out

group = typer.Typer(
    help="Keep addresses free of the anti-hacking checks. They still have to authenticate.", no_args_is_help=True
)

ALLOW: Final = "allow"
address_lists.add_to(group, ALLOW, ALLOW)


@group.command("add")
def add(prefix: Prefix, description: Why = "", seconds: ForSeconds = 0, as_json: AsJson = False) -> None:
    """Add an allow entry; a ban it covers is lifted at once."""
    add_entry(ALLOW, prefix, description, seconds, as_json)


@group.command("remove")
def remove(prefix: Prefix, as_json: AsJson = False) -> None:
    """Remove an allow entry."""
    carry_out(ALLOW, as_json, "remove", prefix)


@group.command("list")
def list_entries(as_json: AsJson = False) -> None:
    """List the allow entries."""
    carry_out(ALLOW, as_json, "list")
