"""`ringfence ssh-port`: another port for SSH, keys instead of passwords, and never a closed door."""

import os
import pwd
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from ringfence import __version__
from ringfence.cli.host_audit import note
from ringfence.cli.outcome import misuse, refuse
from ringfence.cli.outlive import outlive
from ringfence.hosts import sshport
from ringfence.hosts.clock import Countdown
from ringfence.hosts.firewall import active, apply
from ringfence.hosts.firewall.active import CommandFailed, host_root
from ringfence.hosts.firewall.openings import with_ssh
from ringfence.hosts.firewall.pending import Records
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.paths import Paths
from ringfence.hosts.ports import Transport
from ringfence.hosts.ssh import CONFIG, ENVIRONMENT
from ringfence.hosts.sshfiles import SshRefused, Wanted
from ringfence.hosts.sshport import Move, Server, Waiting

HOLD: Final = 0.5
"""Seconds between two looks of the process that takes an unconfirmed change back."""

LOWEST, HIGHEST = 1, 65_535


def ssh_port(
    port: Annotated[int, typer.Argument(metavar="[PORT]", help="The new port, for example 10210.")] = 0,
    harden: Annotated[bool, typer.Option("--harden", help="Take keys only, no passwords.")] = False,
    no_root: Annotated[bool, typer.Option("--no-root", help="Let nobody sign in as root.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="From a new session: keep it, close the old port.")
    ] = False,
    minutes: Annotated[int, typer.Option(min=1, max=60, help="Taken back unless confirmed.")] = 10,
    config: Annotated[str, typer.Option(help="The SSH server's main file, where it is another than usual.")] = "",
) -> None:
    """Move the SSH server. The old port stays open until you confirm from a session over the new one."""
    if os.geteuid() != 0:
        refuse("must run as root: it changes the SSH server's configuration (sudo ringfence ssh-port)")
    server, waiting = _server(config), Waiting(Paths.from_environment().state / "ssh" / "pending.json")
    try:
        if confirm:
            _confirm(server, waiting)
        else:
            _begin(server, waiting, _wanted(port, harden, no_root), minutes)
    except (SshRefused, CommandFailed, OSError) as error:
        refuse(str(error))


def _server(config: str) -> Server:
    chosen = config or os.environ.get(ENVIRONMENT, "")
    if chosen:
        return Server(Path(chosen), chosen, active.run_here)
    return Server(host_root() / CONFIG, f"/{CONFIG}")


def _wanted(port: int, harden: bool, no_root: bool) -> Wanted:
    if not (port or harden or no_root):
        misuse("name a port (such as 10210), --harden, --no-root or --confirm")
    if port and not LOWEST <= port <= HIGHEST:
        misuse(f"a port is a number from {LOWEST} to {HIGHEST}")
    if harden and not _has_key():
        refuse("no key of yours is installed (~/.ssh/authorized_keys): without passwords you would be locked out")
    return Wanted((port,) if port else None, harden, no_root)


def _has_key() -> bool:
    """Of whoever called sudo, else of root; on the host, not in a private root."""
    name = os.environ.get("SUDO_USER", "root")
    try:
        home = next(
            line.split(":")[5]
            for line in (host_root() / "etc/passwd").read_text(encoding="utf-8").splitlines()
            if line.startswith(f"{name}:")
        )
    except (OSError, StopIteration, IndexError):
        home = pwd.getpwuid(0).pw_dir
    keys = host_root() / home.lstrip("/") / ".ssh" / "authorized_keys"
    return keys.is_file() and any(line.strip() and line[0] != "#" for line in keys.read_text().splitlines())


def _begin(server: Server, waiting: Waiting, wanted: Wanted, minutes: int) -> None:
    if waiting.read():
        refuse("a change waits for its confirmation: `ringfence ssh-port --confirm`, or wait until it is taken back")
    _refuse_planned(wanted)
    move = sshport.begin(server, wanted, 60 * minutes, sshport.session_of())
    waiting.keep(move)
    _open_in_firewall((*(wanted.ports or ()), *move.old_ports))
    outlive(lambda: _take_back_unconfirmed(server, waiting))
    note("ssh.change_begun", "SSH server", _said(wanted))
    until = datetime.fromtimestamp(move.reverts_at).astimezone().strftime("%H:%M:%S")
    over = f" with `ssh -p {move.port}`" if move.port else ""
    typer.echo(
        f"In force beside the old. Open a NEW session{over} and type `ringfence ssh-port --confirm` there before "
        f"{until}, or everything is as before."
    )


def _confirm(server: Server, waiting: Waiting) -> None:
    move = waiting.read()
    if move is None:
        refuse("nothing waits for a confirmation")
    session = sshport.session_of()
    sshport.refuse_unproved(move, session)
    if not waiting.forget():
        refuse("it was taken back a moment ago")
    sshport.finish(server, move, session)
    if move.wanted.ports:
        _open_in_firewall(move.wanted.ports)
    note("ssh.changed", "SSH server", _said(move.wanted))
    closed = ", ".join(str(port) for port in move.old_ports if move.wanted.ports and port not in move.wanted.ports)
    typer.echo("Kept." + (f" Closed: {closed}." if closed else ""))


def _refuse_planned(wanted: Wanted) -> None:
    for port in wanted.ports or ():
        taken = _records().applied().covers(Transport.TCP, port)
        if taken is not None and not taken.key.startswith("ssh-"):
            refuse(f"port {port} is needed for {taken.reason}")


def _open_in_firewall(ports: tuple[int, ...]) -> None:
    """Only where a plan is in force; elsewhere the port is as open as the host's other ports."""
    records = _records()
    before = records.applied()
    if not before.openings:
        return
    plan: Plan = with_ssh(before, dict.fromkeys(ports))
    apply.apply(plan, active.front_end(), __version__, before)
    records.keep_applied(plan)


def _take_back_unconfirmed(server: Server, waiting: Waiting) -> None:
    countdown = Countdown()
    while (move := waiting.read()) and countdown.runs(move.reverts_at):
        time.sleep(HOLD)
    if move and waiting.forget():
        _take_back(server, move)


def _take_back(server: Server, move: Move) -> None:
    sshport.take_back(server, move)
    _open_in_firewall(move.old_ports)
    note("ssh.change_reverted", "SSH server", _said(move.wanted))


def _said(wanted: Wanted) -> dict[str, object]:
    return {"ports": list(wanted.ports or ()), "keys_only": wanted.keys_only, "no_root": wanted.no_root}


def _records() -> Records:
    return Records(Paths.from_environment().state / "firewall")
