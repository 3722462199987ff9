"""`ringfence sbc`: the session border controller that faces the Internet in place of the core."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from ringfence.cli import far_sbc
from ringfence.cli.outcome import print_json, refuse
from ringfence.engines.edge.sbcswitch import SwitchFailed, put_in_force, wait_until_ready
from ringfence.engines.install import EngineRefused
from ringfence.engines.system import MemoryRefused, System, this_system
from ringfence.hosts import ports
from ringfence.hosts.addresses import NetworkUnreadable

group = typer.Typer(help="The SBC: what faces the Internet in place of the core.", no_args_is_help=True)
far_sbc.add_to(group)


@group.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Whether there is one, and where it listens."""
    system = _system()
    places = [(str(one.protocol), one.port) for one in system.sbc.transports]
    if as_json:
        rows = [{"protocol": name, "port": port} for name, port in places]
        sbc = system.sbc
        print_json({"enabled": sbc.enabled, "transports": rows, "far": sbc.far, "core": sbc.core, "link": sbc.here})
    elif system.sbc.far:
        typer.echo(f"The SBC is on another host, {system.sbc.far}; the link leads to {system.sbc.here}.")
        typer.echo(f"Its certificate: SHA-256 {system.sbc.certificate}")
    elif not system.sbc.enabled:
        typer.echo("The SBC is off.")
    else:
        ways = ", ".join(f"{port} {name.upper()}" for name, port in places)
        typer.echo(f"The SBC is on: SIP {ways}; RTP {ports.SBC_RTP.ports} UDP.")
        if system.sbc.core:
            typer.echo(f"Its core is on another host: {system.sbc.core}.")


@group.command()
def on() -> None:
    """Start an SBC beside the core: 5066 UDP, 5067 TCP and 5065 WSS are served by it from now on.

    The core is started again: for about a second nothing is answered, registrations and calls stay.
    """
    _switch(enabled=True)


@group.command()
def off() -> None:
    """Stop the SBC. Phones that registered through it have to register elsewhere."""
    _switch(enabled=False)


def _switch(*, enabled: bool) -> None:
    if os.geteuid() != 0:
        refuse("must run as root: it starts and ends parts of the system")
    system = _system()
    if system.sbc.far or system.sbc.core:
        refuse("the SBC is on a host of its own: see `ringfence sbc revoke` and `ringfence sbc leave`")
    wanted = replace(system.sbc, enabled=enabled)
    try:
        runs = put_in_force(system, wanted, datetime.now(UTC))
    except (SwitchFailed, EngineRefused, OSError) as error:
        refuse(str(error))
    word = "on" if enabled else "off"
    if not runs:
        typer.echo(f"The SBC is {word} from the next start.")
        return
    late = wait_until_ready(system)
    if late:
        refuse(f"the SBC is {word}, but not ready yet: {', '.join(late)}. Why: ./ringfence logs {late[0]}")
    typer.echo(f"The SBC is {word}.")


def _system() -> System:
    try:
        return this_system()
    except (NetworkUnreadable, MemoryRefused) as error:
        refuse(str(error))
