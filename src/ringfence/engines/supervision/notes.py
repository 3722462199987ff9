"""What the supervisor writes down: which process is which, so that `status`, `down` and its own successor know."""

import errno
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ringfence.engines.supervision.processes import Identity, is_alive

STATE_FILE: Final = "state.json"
CHILDREN_FILE: Final = "children.json"
LOCK_FILE: Final = "lock"
STOP_FILE: Final = "stop"
"""Stands while a supervisor that took too long to stop is killed: its keeper must not start another one."""


@dataclass(frozen=True, slots=True)
class ChildNote:
    """One child as last seen. `since` is the wall clock of its start; `restarts` counts since the first `up`.

    `failed`: its last starts in a row that ended before it was ready, and what the last of them said.
    """

    name: str
    pid: int
    start: int
    since: float
    restarts: int
    ready: bool
    failed: int = 0
    reason: str = ""

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.start)


@dataclass(frozen=True, slots=True)
class Notes:
    """The state file of one supervisor."""

    supervisor: Identity
    children: tuple[ChildNote, ...]

    def of(self, name: str) -> ChildNote | None:
        return next((note for note in self.children if note.name == name), None)

    @property
    def living(self) -> tuple[ChildNote, ...]:
        return tuple(note for note in self.children if is_alive(note.identity))


def write_notes(folder: Path, notes: Notes) -> None:
    """Replaces the notes; on a full disk they are written over the old ones, which takes no new block. Raises OSError
    when not even that is possible.
    """
    text, staged = json.dumps(asdict(notes)), folder / f"{STATE_FILE}.staged"
    try:
        staged.write_text(text, encoding="utf-8")
        staged.replace(folder / STATE_FILE)
    except OSError:
        _write_over(folder / STATE_FILE, text.encode())


def _write_over(path: Path, content: bytes) -> None:
    """One write(2), padded to the old length: a reader finds the old notes or the new."""
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        padded = content.ljust(os.fstat(fd).st_size)
        if os.pwrite(fd, padded, 0) != len(padded):
            raise OSError(errno.ENOSPC, "the notes do not fit", str(path))
    finally:
        os.close(fd)


def read_notes(folder: Path) -> Notes | None:
    """The last notes; None if there never were any or they cannot be read (half a file is never written). What a later
    version notes beside is passed over: a package that goes back to this one still stops what runs."""
    try:
        document: dict[str, Any] = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        return Notes(
            Identity(**document["supervisor"]), tuple(ChildNote(**_known(entry)) for entry in document["children"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _known(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name in ChildNote.__dataclass_fields__}


def forget(folder: Path) -> None:
    """After a clean stop: nothing runs, and the next start counts restarts from zero."""
    (folder / STATE_FILE).unlink(missing_ok=True)
