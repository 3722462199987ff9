"""`ringfence up`"""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from ringfence.backups.restoring import undo
from ringfence.cli.outcome import DONE, REFUSED, misuse, refuse
from ringfence.cli.progress import Progress
from ringfence.cli.status import failing
from ringfence.cli.welcome import no_firewall_warning, welcome
from ringfence.engines.keep import Keeper, StopAsked, detach, running_supervisor, stop_everything, stop_signals_raise
from ringfence.engines.prepare import PreparationFailed, Prepared, prepare
from ringfence.engines.supervision.child import Child
from ringfence.engines.supervision.childlist import write_children
from ringfence.engines.supervision.children import children
from ringfence.engines.supervision.notes import CHILDREN_FILE, read_notes
from ringfence.engines.supervision.processes import is_alive
from ringfence.engines.system import MemoryRefused, System, this_system
from ringfence.hosts.addresses import NetworkUnreadable, refuse_foreign
from ringfence.hosts.cloud import recognised
from ringfence.hosts.paths import Paths
from ringfence.hosts.public import followed, public_file, read_public, write_public

READY_SECONDS: Final = 90.0
"""A slow machine that compiles everything for the first time needs more than half of it."""
POLL: Final = 0.05
TOLD_AT: Final = 3
"""So many starts in a row that came to nothing are no accident: whoever waits is told why."""


def up(
    detached: Annotated[bool, typer.Option("--detach", "-d", help="Return when everything is ready.")] = False,
    only: Annotated[str, typer.Option(help="Start only these parts, for example: core,media")] = "",
    firewall: Annotated[bool, typer.Option(help="Let the guard change nftables (needs CAP_NET_ADMIN).")] = True,
    setup_link: Annotated[bool, typer.Option(help="Tell the one-time link; a service keeps it out of its log.")] = True,
) -> None:
    """Start the phone system: accounts, directories, certificate, database, engine files, processes.

    In the foreground Ctrl-C stops everything it started and nothing else.
    """
    if os.geteuid() != 0:
        refuse("must run as root: it starts each part as an account of its own (sudo ./ringfence up)")
    progress = Progress()
    system = _system(firewall)
    supervisor = running_supervisor(system.paths.supervise)
    if supervisor is not None:
        refuse(f"it already runs (supervisor {supervisor.pid}); see ./ringfence status, stop it with ./ringfence down")
    if undo(system.paths):
        progress.step("a restore that was interrupted is undone: everything is as it was before it")
    wanted = _wanted(system, only)
    try:
        prepared = prepare(system, frozenset(child.name for child in wanted), datetime.now(UTC), progress.step)
    except PreparationFailed as failure:
        refuse(str(failure))
    if not setup_link:
        prepared = replace(prepared, setup_link="")
    write_children(system.paths.supervise / CHILDREN_FILE, wanted)
    start = _start_detached if detached else _run_in_foreground
    raise typer.Exit(start(system, wanted, prepared, progress))


def _system(firewall: bool) -> System:
    follow_public_address()
    try:
        system = this_system(firewall=firewall)
        refuse_foreign(system.network)
    except (NetworkUnreadable, MemoryRefused) as error:
        refuse(str(error))
    return system


def follow_public_address() -> None:
    """Asks the cloud, where somebody said `auto`; it never holds up a start for more than a few seconds."""
    path = public_file(Paths.from_environment().state)
    present = read_public(path)
    now = followed(present, recognised)
    if now != present:
        write_public(path, now)


def _wanted(system: System, only: str) -> tuple[Child, ...]:
    every = children(system)
    names = {name.strip() for name in only.split(",") if name.strip()}
    unknown = names - {child.name for child in every}
    if unknown:
        misuse(f"--only knows {', '.join(child.name for child in every)}; not {', '.join(sorted(unknown))}")
    return tuple(child for child in every if not names or child.name in names)


def _start_detached(system: System, wanted: tuple[Child, ...], prepared: Prepared, progress: Progress) -> int:
    detach(system.paths.supervise, _own_log(system))
    return _announce(system, wanted, prepared, progress, "./ringfence down")


def _run_in_foreground(system: System, wanted: tuple[Child, ...], prepared: Prepared, progress: Progress) -> int:
    keeper = Keeper(system.paths.supervise, _own_log(system))
    try:
        with stop_signals_raise():
            _announce(system, wanted, prepared, progress, "Ctrl-C")
            code = keeper.keep()
    except StopAsked:
        progress.step("stopping")
        keeper.stop()
        stop_everything(system.paths.supervise)
        code = DONE
    progress.step("stopped")
    return code


def _announce(
    system: System, wanted: tuple[Child, ...], prepared: Prepared, progress: Progress, how_to_stop: str
) -> int:
    """Tell which part gets ready, then where everything is. A part that is late is started again for ever."""
    late = _wait_until_ready(system, wanted, progress)
    for name in late:
        progress.step(f"{name} is not ready yet; it is started again and again. {_why(system, name)}")
    if not system.firewall:
        progress.text(no_firewall_warning())
    progress.text(welcome(system, frozenset(child.name for child in wanted), prepared, how_to_stop))
    return REFUSED if late else DONE


def _wait_until_ready(system: System, wanted: tuple[Child, ...], progress: Progress) -> tuple[str, ...]:
    waiting, told = [child.name for child in wanted], set[str]()
    deadline = time.monotonic() + READY_SECONDS
    while waiting and time.monotonic() < deadline:
        notes = read_notes(system.paths.supervise)
        for name in tuple(waiting):
            note = notes.of(name) if notes is not None else None
            if note is not None and note.ready and is_alive(note.identity):
                progress.step(f"{name} is ready")
                waiting.remove(name)
            elif note is not None and note.failed >= TOLD_AT and name not in told:
                progress.step(failing(name, note.failed, note.reason))
                told.add(name)
        time.sleep(POLL)
    return tuple(waiting)


def _why(system: System, name: str) -> str:
    notes = read_notes(system.paths.supervise)
    note = notes.of(name) if notes is not None else None
    if note is None or not note.failed:
        return f"Why: ./ringfence logs {name}"
    return failing(name, note.failed, note.reason)


def _own_log(system: System) -> Path:
    return system.paths.logs / "supervise.log"
