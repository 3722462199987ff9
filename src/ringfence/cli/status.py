"""`ringfence status`"""

import time
from dataclasses import dataclass
from typing import Annotated

import typer

from ringfence.cli.outcome import REFUSED, print_json
from ringfence.engines.supervision.notes import ChildNote, Notes, read_notes
from ringfence.engines.supervision.processes import is_alive
from ringfence.hosts.paths import Paths


@dataclass(frozen=True, slots=True)
class Line:
    """One process as `status` shows it."""

    name: str
    state: str
    pid: int
    uptime: float
    restarts: int
    failed: int = 0
    reason: str = ""


def status(as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False) -> None:
    """Show each process with its number, how long it has run and how often it was restarted.

    Exit code 0 if all of them are ready, 1 if not.
    """
    notes = read_notes(Paths.from_environment().supervise)
    lines = lines_of(notes, time.time())
    supervised = notes is not None and is_alive(notes.supervisor)
    if as_json:
        print_json({
            "running": supervised,
            "supervisor": notes.supervisor.pid if notes is not None and supervised else None,
            "parts": [{name: getattr(line, name) for name in Line.__slots__} for line in lines],
        })  # fmt: skip
    else:
        print("\n".join(shown(lines, supervised)))
    if not supervised or any(line.state != "ready" for line in lines):
        raise typer.Exit(REFUSED)


def lines_of(notes: Notes | None, now: float) -> list[Line]:
    return [] if notes is None else [_line(note, now) for note in notes.children]


def _line(note: ChildNote, now: float) -> Line:
    if not is_alive(note.identity):
        return Line(note.name, "stopped", 0, 0.0, note.restarts, note.failed, note.reason)
    state, uptime = "ready" if note.ready else "starting", round(now - note.since, 1)
    return Line(note.name, state, note.pid, uptime, note.restarts, note.failed, note.reason)


def shown(lines: list[Line], supervised: bool) -> list[str]:
    if not supervised:
        running = [line.name for line in lines if line.state != "stopped"]
        return [
            "not running"
            if not running
            else f"no supervisor, but these run: {', '.join(running)} (ringfence down stops them)"
        ]
    rows = [
        f"{line.name:<8} {line.state:<9} {line.pid:>7} {_span(line.uptime):>10} {line.restarts:>8}" for line in lines
    ]
    head = f"{'part':<8} {'state':<9} {'process':>7} {'running':>10} {'restarts':>8}"
    return [head, *rows, *(failing(line.name, line.failed, line.reason) for line in lines if line.failed)]


def failing(name: str, failed: int, reason: str) -> str:
    """
    >>> failing("core", 3, "bind: Address already in use")
    'core ended 3 times before it was ready. Its last words: bind: Address already in use'
    """
    times = "once" if failed == 1 else f"{failed} times"
    said = f"Its last words: {reason}" if reason else f"It said nothing; see ./ringfence logs {name}"
    return f"{name} ended {times} before it was ready. {said}"


def _span(seconds: float) -> str:
    """
    >>> _span(5.2), _span(4000)
    ('5 s', '1 h 06 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:02.0f} min"
