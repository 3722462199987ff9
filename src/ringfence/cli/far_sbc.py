"""`ringfence sbc invite`, `join`, `revoke` and `leave`: the SBC on a host of its own (docs/adr/0058)."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli.host_audit import note
from ringfence.cli.outcome import refuse
from ringfence.cli.portal_command import portal_answer
from ringfence.cli.up import up
from ringfence.engines.edge.farlink import become_sbc, forget_core_end, keep_core_end, stop_being_sbc
from ringfence.engines.edge.sbcswitch import SwitchFailed, put_in_force, wait_until_ready
from ringfence.engines.install import EngineRefused
from ringfence.engines.keep import running_supervisor
from ringfence.engines.system import MemoryRefused, System, this_system
from ringfence.farsbc.invitation import LONGEST, Invitation, InvitationRefused
from ringfence.farsbc.joining import JoinRefused, join
from ringfence.farsbc.welcoming import Guest, NobodyCame, Welcome
from ringfence.hosts import ports
from ringfence.hosts.addresses import NetworkUnreadable, parsed
from ringfence.hosts.sbc import OFF, Sbc


def add_to(group: typer.Typer) -> None:
    for name, verb in (("invite", invite), ("join", join_core), ("revoke", revoke), ("leave", leave)):
        group.command(name)(verb)


def invite(
    address: Annotated[str, typer.Option(help="This host's address on the link; without it the primary one.")] = "",
    minutes: Annotated[int, typer.Option(min=1, max=60, help="How long the invitation holds.")] = 15,
) -> None:
    """Invite an SBC on another host: print an invitation, and wait until `ringfence sbc join` shows it there.

    It works once. Both hosts get a certificate of an authority that nobody keeps; the core is started again.
    """
    system = _system_of_root()
    _refuse_second(system)
    here = parsed(address) if address else system.network.primary
    if here is None or here not in system.network.own:
        refuse(f"--address is {address!r}; it must be an address of this host")
    welcome = Welcome(here, ports.LINK_TO_CORE)

    def tell() -> None:
        typer.echo(f"On the SBC's host, within {minutes} minutes:   ringfence sbc join {here}")
        typer.echo("and give it this invitation, which works once and is shown once:")
        typer.echo(str(welcome.invitation))
        sys.stdout.flush()

    note("sbc.invited", "invitation of an SBC on another host", {"address": str(here), "minutes": minutes})
    try:
        guest = asyncio.run(welcome.wait(60.0 * minutes, tell))
    except (NobodyCame, OSError, KeyboardInterrupt) as error:
        refuse(str(error) or "the invitation is withdrawn")
    keep_core_end(system.paths, welcome.core)
    _switch(system, _far(guest, str(here)))
    note("sbc.enrolled", f"SBC at {guest.address}", {"certificate": guest.certificate, "link": str(here)})
    typer.echo(f"The SBC at {guest.address} is enrolled. Its certificate: SHA-256 {guest.certificate}")


def join_core(
    host: Annotated[str, typer.Argument(metavar="CORE", help="The address that the invitation names.")],
    invitation_file: Annotated[
        Path | None, typer.Option(help="A file with the invitation; else standard input.")
    ] = None,
    start: Annotated[bool, typer.Option(help="Start the SBC at once.")] = True,
) -> None:
    """Make this host the SBC of a core elsewhere: only the SBC, its relay and a guard run here."""
    system = _system_of_root()
    if running_supervisor(system.paths.supervise) is not None:
        refuse("a system runs on this host already; stop it first: ringfence down")
    try:
        joined = join(host, Invitation.read(_told(invitation_file)))
    except (InvitationRefused, JoinRefused) as refusal:
        refuse(str(refusal))
    except OSError as error:
        refuse(f"the core's host does not answer at {host} port {ports.LINK_TO_CORE}: {error}")
    become_sbc(system.paths, joined.core, joined.here, joined.shown)
    typer.echo(f"This host ({joined.here}) is the SBC of the core at {joined.core}.")
    if start:
        up(detached=True, only="", firewall=True)


def revoke() -> None:
    """Believe the SBC on the other host no more, from this moment on. Its phones have to register elsewhere."""
    system = _system_of_root()
    if not system.sbc.far:
        refuse("there is no SBC on another host")
    forget_core_end(system.paths)
    _switch(system, OFF)
    note("sbc.revoked", f"SBC at {system.sbc.far}", {"certificate": system.sbc.certificate})
    typer.echo(f"The SBC at {system.sbc.far} is revoked.")


def leave() -> None:
    """Be no SBC any more: forget the core and the key of the link."""
    system = _system_of_root()
    if not system.sbc.core:
        refuse("this host is not the SBC of a core elsewhere")
    if running_supervisor(system.paths.supervise) is not None:
        refuse("the SBC runs; stop it first: ringfence down")
    stop_being_sbc(system.paths)
    typer.echo("This host is no SBC any more. Revoke it on the core's host as well: ringfence sbc revoke")


def _far(guest: Guest, here: str) -> Sbc:
    return Sbc(far=guest.address, here=here, certificate=guest.certificate)


def _refuse_second(system: System) -> None:
    if system.sbc.core:
        refuse("this host is an SBC itself")
    if system.sbc.enabled:
        refuse("the SBC beside the core is on; there is one SBC only: ringfence sbc off")
    if system.sbc.far:
        refuse(f"the SBC at {system.sbc.far} is enrolled; there is one SBC only: ringfence sbc revoke")


def _switch(system: System, wanted: Sbc) -> None:
    try:
        runs = put_in_force(system, wanted, datetime.now(UTC))
    except (SwitchFailed, EngineRefused, OSError) as error:
        refuse(str(error))
    portal_answer("publish", "--all")  # a request for the address of the SBC's host is for us
    late = wait_until_ready(system) if runs else ()
    if late:
        refuse(f"not ready yet: {', '.join(late)}. Why: ./ringfence logs {late[0]}")


def _told(file: Path | None) -> str:
    """Never an argument: every account of the host sees those."""
    try:
        if file is not None:
            with file.open(encoding="ascii") as stream:
                return stream.read(LONGEST + 1)
        return sys.stdin.readline(LONGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"the invitation cannot be read: {error}")


def _system_of_root() -> System:
    if os.geteuid() != 0:
        refuse("must run as root: it changes what this host runs and keeps a key")
    try:
        return this_system()
    except (NetworkUnreadable, MemoryRefused) as error:
        refuse(str(error))
