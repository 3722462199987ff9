"""`ringfence firewall install`: what the service `ringfence-firewall` runs after each start."""

import json
import os
import sys
import time
from typing import Annotated, Any, Final

import typer

from ringfence import __version__
from ringfence.cli.outcome import refuse
from ringfence.cli.portal_command import portal_output
from ringfence.engines.keep import StopAsked, running_supervisor, stop_signals_raise
from ringfence.engines.supervision.notes import read_notes
from ringfence.hosts.clock import Countdown
from ringfence.hosts.firewall import active, apply, installing, nftables
from ringfence.hosts.firewall.active import CommandFailed, FrontEnd
from ringfence.hosts.firewall.apply import NOTHING, Undo
from ringfence.hosts.firewall.disabling import Notes
from ringfence.hosts.firewall.installing import Host, Step
from ringfence.hosts.firewall.pending import Pending, Records, plan_from
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.listening import bound_ports, connections_in
from ringfence.hosts.paths import Paths
from ringfence.hosts.ports import Transport
from ringfence.hosts.ssh import ENVIRONMENT, ssh_in_force

READY_SECONDS: Final = 600.0
POLL: Final = 1.0


def install(
    minutes: Annotated[int, typer.Option(min=1, max=60, help="Taken back unless somebody signs in anew.")] = 10,
) -> None:
    """Put back the plan that is in force after a restart of the machine; the first time, put it in force.

    Somebody who is signed in over SSH is asked for nothing but a new login: without it everything is as before.
    """
    if os.geteuid() != 0:
        refuse("must run as root: it changes the host's firewall")
    paths = Paths.from_environment()
    records = Records(paths.state / "firewall")
    try:
        _put_back(records)
        if records.applied().openings or Notes(records.folder).is_disabled():
            return
        _first_time(records, _plan_when_ready(paths), minutes)
    except CommandFailed as error:
        refuse(str(error))


def uninstall() -> None:
    """Take what is ours out of the host's firewall: openings in a front end, or our own table."""
    records = Records(Paths.from_environment().state / "firewall")
    which = active.front_end()
    try:
        apply.take_back(Undo(which), __version__)
    except CommandFailed as error:
        refuse(str(error))
    records.forget_pending()
    records.keep_applied(NOTHING)
    _tell(f"{which}: nothing of ours is left.")


def _put_back(records: Records) -> None:
    """A plan that still waited for its confirmation when the machine ended is not put back: nobody confirmed it."""
    waiting, host = records.pending(), _host(records)
    if waiting is not None and installing.is_orphaned(host, waiting.reverts_at, time.time()):
        if records.forget_pending():
            _take_back(records, waiting)
        host = _host(records)
    if installing.at_start(host) is Step.RESTORE:
        apply.apply(host.applied, host.which, __version__, host.applied)
        _tell(f"{host.which}: {len(host.applied.openings)} openings are in force again.")


def _plan_when_ready(paths: Paths) -> Plan:
    """The plan names what is really configured, so it can be asked for when every part does its work; it is asked for
    again where they were just stopped, as by an upgrade.
    """
    deadline = time.monotonic() + READY_SECONDS
    while True:
        if time.monotonic() > deadline:
            refuse("the phone system did not get ready; the host's firewall is as it was: ringfence firewall apply")
        if _is_ready(paths):
            try:
                return _plan()
            except typer.Exit:
                _tell("The phone system did not tell its plan; it is asked again.")
        time.sleep(POLL)


def _is_ready(paths: Paths) -> bool:
    notes = read_notes(paths.supervise)
    return (
        notes is not None
        and running_supervisor(paths.supervise) is not None
        and all(note.ready for note in notes.children)
    )


def _first_time(records: Records, plan: Plan, minutes: int) -> None:
    host = _host(records)
    step, why = installing.first_time(host, plan)
    if step is Step.NOTHING:
        return
    if step is Step.LEAVE:
        refuse(
            f"the host's firewall is as it was: {why}. See `ringfence firewall show`, then: ringfence firewall apply"
        )
    undo = apply.apply(plan, host.which, __version__, host.applied)
    records.keep_applied(plan)
    _tell(f"{host.which}: {len(plan.openings)} openings in force.")
    if step is Step.CLOSE_ON_PROOF:
        pending = records.keep_pending(undo, minutes)
        _tell(
            f"Sign in once more within {minutes} minutes, or type `ringfence firewall confirm`; else all is as before."
        )
        _await_proof(records, pending, installing.logins(plan, host.connections), plan)


def _await_proof(records: Records, pending: Pending, before: frozenset[Any], plan: Plan) -> None:
    countdown = Countdown()
    try:
        with stop_signals_raise():
            while records.pending() and countdown.runs(pending.reverts_at):
                if installing.proved(before, installing.logins(plan, connections_in())):
                    records.forget_pending()
                    _tell("Somebody who was signed in came in once more: kept.")
                    return
                time.sleep(POLL)
    except StopAsked:
        _tell("stopped before anybody confirmed")
    if records.forget_pending():
        _take_back(records, pending)
    else:
        _tell("Kept.")


def _take_back(records: Records, pending: Pending) -> None:
    apply.take_back(pending.undo, __version__)
    records.keep_applied(pending.undo.plan)
    _tell("Nobody confirmed it: the host's firewall is as before. Try again: ringfence firewall apply")


def _host(records: Records) -> Host:
    which = active.front_end()
    return Host(
        which=which,
        applied=records.applied(),
        stands=bool(active.ours(which)),
        disabled=Notes(records.folder).is_disabled(),
        others=_others() if which is FrontEnd.NFTABLES else (),
        connections=connections_in(),
        bound=bound_ports(Transport.TCP),
    )


def _others() -> tuple[str, ...]:
    """Tables of others that drop by themselves what comes in."""
    return nftables.closing_tables(active.run(("nft", "--json", "list", "chains"), None))


def _plan() -> Plan:
    ports = ssh_in_force(os.environ.get(ENVIRONMENT, "")).ports
    words = ["--ssh", *map(str, ports)] if ports else []
    found: list[dict[str, Any]] = json.loads(portal_output("firewall-plan", *words))
    return plan_from(found)


def _tell(text: str) -> None:
    print(text, flush=True, file=sys.stdout)
