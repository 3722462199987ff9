"""`ringfence firewall canary` and `ringfence firewall disable`: the way to a machine that the cloud alone protects."""

import json
import os
import secrets
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ringfence import __version__
from ringfence.cli.host_audit import note
from ringfence.cli.outcome import misuse, refuse
from ringfence.hosts.addresses import surroundings
from ringfence.hosts.cloud import recognised
from ringfence.hosts.firewall import active, apply, disabling, nftables
from ringfence.hosts.firewall.active import CommandFailed
from ringfence.hosts.firewall.disabling import Canary, Notes, Outside, Proof, objections
from ringfence.hosts.firewall.pending import Records
from ringfence.hosts.firewall.plan import Opening, Plan
from ringfence.hosts.listening import bound_ports
from ringfence.hosts.paths import Paths
from ringfence.hosts.ports import Transport

CANARIES: Final = range(20_000, 24_000)
"""No service of the product listens there."""

SHORTEST_REASON: Final = 10


def canary(
    minutes: Annotated[int, typer.Option(min=1, max=60, help="How long it listens.")] = 10,
) -> None:
    """Listen on a port outside the plan that the host firewall lets through, so that a probe from outside can show
    whether the cloud's rules stop it. Run `ringfence probe --full --json` elsewhere meanwhile."""
    notes, records = _notes(), _records()
    before = records.applied()
    port = _free_port(before)
    opening = Opening(f"canary-{port}", Transport.TCP, port, port, "canary for the check of the cloud's rules")
    which = active.front_end()
    with socket.create_server(("::" if socket.has_dualstack_ipv6() else "", port), **_dual()) as link:
        begun = Canary(port, time.time())
        notes.keep_canary(begun)
        try:
            if before.openings:
                apply.apply(Plan((*before.openings, opening)), which, __version__, before)
            typer.echo(f"Listening on {port} for {minutes} minutes; look from outside now.")
            reached = _wait(link, time.monotonic() + 60 * minutes)
        except CommandFailed as error:
            refuse(str(error))
        finally:
            if before.openings:
                apply.apply(before, which, __version__, Plan((*before.openings, opening)))
        notes.keep_canary(replace(begun, ended=time.time(), reached_from=reached))
    if reached:
        refuse(f"reached by {reached}: the cloud's rules let through what is not in the plan")
    typer.echo("Nobody reached it.")


def disable(
    probe: Annotated[Path, typer.Option(help="What `ringfence probe --full --json` printed outside.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the audit log.")],
) -> None:
    """Switch the host firewall off: in a known cloud only, and only with a fresh check from outside."""
    if len(reason.strip()) < SHORTEST_REASON:
        misuse("say why in some words: the reason stands in the audit log")
    proof = Proof(
        recognised(),
        tuple(str(address) for address in surroundings().own),
        _records().applied(),
        _notes().canary(),
        _outside(probe),
        time.time(),
    )
    if found := list(objections(proof)):
        note("firewall.disable_refused", "host firewall", {"reason": reason, "objections": found})
        refuse("the host firewall stays:\n  " + "\n  ".join(found))
    assert proof.cloud is not None
    which = active.front_end()
    wanted = disabling.commands(which, nftables.TABLE)
    said = [" ".join(words) for words in wanted]
    facts = {"reason": reason, "commands": said, "cloud": proof.cloud.provider, "at": proof.now}
    if not note("firewall.disabled", "host firewall", facts):
        refuse("the audit log cannot be written, so nothing was changed")
    _carry_out(wanted)
    _notes().keep_disabled(facts)
    typer.echo("Switched off: " + "; ".join(said) + ". Back again: ringfence firewall apply")


def _carry_out(wanted: tuple[tuple[str, ...], ...]) -> None:
    try:
        for words in wanted:
            active.run(words)
    except CommandFailed as error:
        refuse(str(error))


def _wait(link: socket.socket, until: float) -> str:
    """Who came, or "" when nobody did; loopback and this machine itself are nobody."""
    own = {str(address) for address in surroundings().own}
    while (left := until - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            visitor, address = link.accept()
        except TimeoutError:
            break
        visitor.close()
        name = str(address[0]).removeprefix("::ffff:")
        if name not in own:
            return name
    return ""


def _dual() -> dict[str, Any]:
    both = socket.has_dualstack_ipv6()
    return {"family": socket.AF_INET6 if both else socket.AF_INET, "dualstack_ipv6": both}


def _free_port(plan: Plan) -> int:
    taken = bound_ports(Transport.TCP)
    while True:
        port = secrets.choice(CANARIES)
        if port not in taken and plan.covers(Transport.TCP, port) is None:
            return port


def _outside(path: Path) -> Outside | None:
    try:
        return disabling.outside_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        misuse(f"{path} is no result of a probe: {error}")


def _notes() -> Notes:
    if os.geteuid() != 0:
        refuse("must run as root: it changes the host's firewall")
    return Notes(Paths.from_environment().state / "firewall")


def _records() -> Records:
    return Records(Paths.from_environment().state / "firewall")
