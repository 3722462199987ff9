"""`ringfence firewall`: the plan of what has to be open, and putting it in force on this host."""

import json
import os
import time
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from ringfence import __version__
from ringfence.cli.firewall_install import install, uninstall
from ringfence.cli.firewall_off import canary, disable
from ringfence.cli.outcome import print_json, refuse
from ringfence.cli.outlive import outlive
from ringfence.cli.portal_command import portal_output
from ringfence.hosts.clock import Countdown
from ringfence.hosts.firewall import active, apply
from ringfence.hosts.firewall.active import CommandFailed
from ringfence.hosts.firewall.disabling import Notes
from ringfence.hosts.firewall.drift import drift
from ringfence.hosts.firewall.openings import limits_of
from ringfence.hosts.firewall.pending import Records, plan_from
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.paths import Paths
from ringfence.hosts.ssh import ENVIRONMENT, ssh_in_force
from ringfence.hosts.voice_network import read_voice_network

group = typer.Typer(help="What has to be open, and putting it in force.", no_args_is_help=True)

group.command("canary")(canary)
group.command("disable")(disable)
group.command("install")(install)
group.command("uninstall")(uninstall)

AsJson = Annotated[bool, typer.Option("--json", help="As a JSON document.")]
HOLD: Final = 0.5
"""Seconds between two looks of the process that takes an unconfirmed plan back."""


@group.command("show")
def show(
    form: Annotated[str, typer.Option("--format", help="For one firewall: nftables, ufw, aws-cloudformation ...")] = "",
    as_json: AsJson = False,
) -> None:
    """Print every opening this system needs, with its reason."""
    if form:
        typer.echo(portal_output("firewall-plan", *_ssh(), "--form", form), nl=False)
        return
    openings = _openings()
    if as_json:
        print_json(openings)
        return
    for item in openings:
        whom = ", ".join(item["sources"]) or "everybody"
        at = f" (at {', '.join(item['destinations'])})" if item["destinations"] else ""
        typer.echo(f"{item['ports'] + '/' + item['transport']:<16} {whom:<24} {item['reason']}{at}")
    for limit in limits_of(read_voice_network(Paths.from_environment().voice_network)):
        typer.echo(f"{'limit':<16} {limit.text}")


@group.command("diff")
def diff(as_json: AsJson = False) -> None:
    """Tell what `apply` would open and close, compared with what was applied last."""
    before, wanted = _records().applied(), _plan()
    opens = [o for o in wanted.openings if o not in before.openings]
    closes = [o for o in before.openings if o not in wanted.openings]
    if as_json:
        print_json({"opens": [o.key for o in opens], "closes": [o.key for o in closes]})
        return
    lines = [f"+ {o.ports}/{o.transport} {', '.join(o.sources) or 'everybody'}" for o in opens]
    lines += [f"- {o.ports}/{o.transport} {', '.join(o.sources) or 'everybody'}" for o in closes]
    typer.echo("\n".join(lines) or "The plan is what was applied last.")


@group.command("apply")
def apply_plan(
    minutes: Annotated[int, typer.Option(min=0, max=60, help="Taken back unless confirmed; 0: at once for good.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Put the plan in force, through firewalld or ufw where one of them is active. Confirm it from a new connection."""
    records, wanted = _records(), _plan()
    if records.pending():
        refuse("an apply waits for its confirmation: `ringfence firewall confirm`, or wait until it is taken back")
    which = active.front_end()
    before = records.applied()
    try:
        undo = apply.apply(wanted, which, __version__, before)
    except CommandFailed as error:
        refuse(str(error))
    records.keep_applied(wanted)
    Notes(records.folder).forget_disabled()
    if minutes:
        pending = records.keep_pending(undo, minutes)
        outlive(lambda: _take_back_unconfirmed(records, before))
        until = datetime.fromtimestamp(pending.reverts_at).astimezone().strftime("%H:%M:%S")
        typer.echo(
            f"{which}: {len(wanted.openings)} openings in force. Open a NEW connection to this machine and type "
            f"`ringfence firewall confirm` before {until}, or everything is as before."
        )
    else:
        typer.echo(f"{which}: {len(wanted.openings)} openings in force.")


@group.command("confirm")
def confirm() -> None:
    """Keep what was applied."""
    if not _records().forget_pending():
        refuse("nothing waits for a confirmation")
    typer.echo("Kept.")


@group.command("check")
def check(as_json: AsJson = False) -> None:
    """Compare plan, listening ports and the active firewall. Exit code 1 if they differ."""
    try:
        found = drift(_plan(), _records().applied())
    except CommandFailed as error:
        refuse(str(error))
    if as_json:
        print_json([{"kind": item.kind, "text": item.text} for item in found])
    else:
        typer.echo("\n".join(item.text for item in found) or "Plan, listeners and firewall agree.")
    if found:
        raise typer.Exit(1)


def _take_back_unconfirmed(records: Records, before: Plan) -> None:
    countdown = Countdown()
    while (pending := records.pending()) and countdown.runs(pending.reverts_at):
        time.sleep(HOLD)
    if pending and records.forget_pending():
        apply.take_back(pending.undo, __version__)
        records.keep_applied(before)


def _records() -> Records:
    return Records(Paths.from_environment().state / "firewall")


def _plan() -> Plan:
    return plan_from(_openings())


def _openings() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(portal_output("firewall-plan", *_ssh()))
    return found


def _ssh() -> list[str]:
    """The ports of the host's SSH server, which the portal's account need not be able to read."""
    ports = ssh_in_force(os.environ.get(ENVIRONMENT, "")).ports
    return ["--ssh", *map(str, ports)] if ports else []
