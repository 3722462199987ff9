"""Small real programs for the supervisor to look after."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ringfence.engines.supervision.child import Child
from ringfence.engines.supervision.childlist import write_children
from ringfence.engines.supervision.notes import CHILDREN_FILE, ChildNote, read_notes
from ringfence.engines.supervision.processes import is_alive

SLEEPER = "import time; time.sleep(60)"
POLITE = (
    "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); "
    "pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
)
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
LISTENER = """
import os, socket, sys, time
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if os.fork() == 0:
    time.sleep(60)
time.sleep(60)
"""
"""Forks a worker that inherits the port: while the worker lives, nobody else can listen there."""


def a_child(folder: Path, name: str = "sleeper", program: str = SLEEPER, *words: str, **more: object) -> Child:
    child = Child(name=name, argv=(sys.executable, "-c", program, *words), log=str(folder / f"{name}.log"))
    return Child(**{**{field: getattr(child, field) for field in Child.__slots__}, **more})


def free_port() -> int:
    """Outside of the range that the system gives away: another test would get it there before a slow listener does."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def until(true: Callable[[], object], seconds: float = 5.0) -> float:
    """Seconds it took to become true; fails loudly after the limit."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not true after {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - began


def note(folder: Path, name: str = "sleeper") -> ChildNote | None:
    notes = read_notes(folder)
    found = notes.of(name) if notes is not None else None
    return found if found is not None and found.ready and is_alive(found.identity) else None


def noted(folder: Path, name: str = "sleeper") -> ChildNote:
    until(lambda: note(folder, name))
    found = note(folder, name)
    assert found is not None
    return found


def replaced(folder: Path, before: ChildNote) -> bool:
    """Whether another process has taken the place of this one and is ready."""
    now = note(folder, before.name)
    return now is not None and now.pid != before.pid


def start_supervisor(folder: Path) -> subprocess.Popen[bytes]:
    argv = (sys.executable, "-m", "ringfence.engines.supervise", str(folder), str(folder / "supervise.log"))
    (folder / "run" / "endings").mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(argv, start_new_session=True, env={**os.environ, "RINGFENCE_RUN_DIR": str(folder / "run")})


@contextlib.contextmanager
def supervised(folder: Path, *wanted: Child, ready: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor over these children; afterwards nothing of them is left, whatever the test did."""
    write_children(folder / CHILDREN_FILE, tuple(wanted))
    supervisor = start_supervisor(folder)
    try:
        until(lambda: not ready or all(note(folder, child.name) for child in wanted))
        yield supervisor
    finally:
        clean_up(folder, supervisor)


def clean_up(folder: Path, supervisor: subprocess.Popen[bytes]) -> None:
    notes = read_notes(folder)
    supervisor.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        supervisor.wait(8)
    supervisor.kill()
    supervisor.wait()
    for left in notes.living if notes is not None else ():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(left.pid, signal.SIGKILL)


def log_of(folder: Path) -> str:
    return (folder / "supervise.log").read_text()
