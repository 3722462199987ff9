"""`ringfence public-address`: the address that SIP and SDP name."""

import os
from dataclasses import asdict
from typing import Annotated

import typer

from ringfence.cli.host_audit import note
from ringfence.cli.outcome import misuse, print_json, refuse
from ringfence.hosts.addresses import parsed
from ringfence.hosts.cloud import recognised
from ringfence.hosts.paths import Paths
from ringfence.hosts.public import Public, public_file, read_public, write_public

AUTO, NONE = "auto", "none"


def public_address(
    wanted: Annotated[str, typer.Argument(metavar="[ADDRESS|auto|none]", help="auto: ask the cloud each start.")] = "",
    static: Annotated[bool, typer.Option("--static", help="It is reserved at the provider.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
) -> None:
    """Show or set the address that phones outside are told, where a cloud or a router translates it.

    Kamailio names it in Via, Record-Route and Contact, the media relay in SDP. In force from the next start on.
    """
    path = public_file(Paths.from_environment().state)
    if wanted or static:
        if os.geteuid() != 0:
            refuse("must run as root: every part believes this address (sudo ringfence public-address)")
        chosen = _chosen(read_public(path), wanted, static)
        write_public(path, chosen)
        note("public_address.changed", chosen.address or "none", asdict(chosen))
    present = read_public(path)
    if as_json:
        print_json(asdict(present))
        return
    how = " (followed from the cloud)" if present.follows else ""
    typer.echo(f"{present.address or 'none'}{how}{', reserved' if present.static else ''}")
    if wanted:
        typer.echo("In force after: ringfence down, ringfence up")


def _chosen(present: Public, wanted: str, static: bool) -> Public:
    if wanted == NONE:
        return Public()
    if wanted == AUTO:
        found = recognised()
        if found is None or not found.public:
            refuse("no cloud tells a public address of this machine; name it yourself")
        return Public(found.public, follows=True, static=static)
    if not wanted:
        if not present.address:
            misuse("name an address, or auto")
        return Public(present.address, present.follows, static=True)
    address = parsed(wanted)
    if address is None or address.is_unspecified or address.is_multicast or address.is_loopback:
        misuse(f"{wanted!r} is no address that others could reach")
    return Public(str(address), static=static)
