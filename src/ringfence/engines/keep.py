"""Starts the supervisor and starts it again if it is killed.

`ringfence up` runs this in the foreground, `up --detach` behind itself.
If the keeper is killed instead, the supervisor carries on; `ringfence down` finds both in the supervisor's notes.
"""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ringfence.engines.supervision.notes import STOP_FILE, forget, read_notes
from ringfence.engines.supervision.processes import Identity, is_alive, kill_session, send
from ringfence.engines.supervision.standstill import EVERY as LOOK_EVERY
from ringfence.engines.supervision.standstill import Stillness

STOP_SECONDS: Final = 30.0
CHILD_SECONDS: Final = 3.0
POLL: Final = 0.05
SUPERVISOR: Final = "supervisor"


class StopAsked(Exception):
    """Ctrl-C, SIGTERM or a closed terminal."""


class Keeper:
    """The supervisor as a child that outlives a kill."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._argv = (sys.executable, "-m", "ringfence.engines.supervise", str(folder), str(log))
        self._stop = folder / STOP_FILE
        self._stop.unlink(missing_ok=True)
        self._supervisor = self._start()

    @property
    def pid(self) -> int:
        return self._supervisor.pid

    def keep(self) -> int:
        """Until the supervisor ends because it was told to: its exit code. Killed otherwise, it is started again."""
        while True:
            code = self._watched()
            if code >= 0:
                return code
            if self._stop.exists():
                return 0
            self._supervisor = self._start()

    def _watched(self) -> int:
        """How the supervisor ended. One that hangs is killed: its successor goes on with what runs."""
        stillness = Stillness()
        while True:
            began = time.monotonic()
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._supervisor.wait(LOOK_EVERY)
            if stillness.hanging({SUPERVISOR: (self._supervisor.pid, True)}, time.monotonic() - began):
                self._supervisor.kill()

    def stop(self) -> None:
        self._supervisor.terminate()
        try:
            self._supervisor.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


@contextlib.contextmanager
def stop_signals_raise() -> Iterator[None]:
    """Inside, SIGINT, SIGTERM and SIGHUP raise StopAsked once; a second one does not disturb the stopping. Who is to
    outlive a terminal (`nohup`, `up --detach`) ignores SIGHUP already, and goes on to."""

    def asked(_signal: int, _frame: object) -> None:
        for what in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(what, signal.SIG_IGN)
        raise StopAsked

    heard = [
        what for what in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(what) != signal.SIG_IGN
    ]
    before = {what: signal.signal(what, asked) for what in heard}
    try:
        yield
    finally:
        for what, handler in before.items():
            signal.signal(what, handler)


def keep_until_stopped(keeper: Keeper) -> int:
    """Until the supervisor ends or a signal asks to stop, which stops everything it started."""
    try:
        with stop_signals_raise():
            return keeper.keep()
    except StopAsked:
        keeper.stop()
        return 0


def running_supervisor(folder: Path) -> Identity | None:
    notes = read_notes(folder)
    return notes.supervisor if notes is not None and is_alive(notes.supervisor) else None


def stop_everything(folder: Path, patience: float = STOP_SECONDS) -> tuple[str, ...]:
    """Stop the supervisor and with it its children; children whose supervisor is dead are ended directly.

    The names of the children that ran.
    """
    notes = read_notes(folder)
    if notes is None:
        return ()
    ran = tuple(note.name for note in notes.living)
    if is_alive(notes.supervisor):
        send(notes.supervisor.pid, signal.SIGTERM)
        if not _ends_within(patience, notes.supervisor):
            (folder / STOP_FILE).touch()
            send(notes.supervisor.pid, signal.SIGKILL)
    for note in (read_notes(folder) or notes).living:
        send(note.pid, signal.SIGTERM)
        _ends_within(CHILD_SECONDS, note.identity)
        kill_session(note.identity)
        _ends_within(CHILD_SECONDS, note.identity)
    forget(folder)
    return ran


def _ends_within(seconds: float, process: Identity) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(POLL)
    return not is_alive(process)


def detach(folder: Path, log: Path) -> int:
    """Start a keeper behind this process; its number."""
    keeper = subprocess.Popen(
        (sys.executable, "-m", "ringfence.engines.keep", str(folder), str(log)),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    return keeper.pid


def main(folder: Path, log: Path) -> int:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return keep_until_stopped(Keeper(folder, log))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
