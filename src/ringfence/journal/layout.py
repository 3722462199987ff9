"""The journal on disk: numbered segments, and a small shared head that says which one is being written.

Head (memory-mapped by every writer and the reader): segment being written, lines dropped because the disk was full or
the reader too far behind, oldest segment not yet consumed, until when a look is promised; four unsigned 64-bit
little-endian numbers.
"""

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SEGMENT_BYTES: Final = 8 << 20
MAX_PENDING_SEGMENTS: Final = 32
"""Segments the reader may be behind before writers drop lines: bounds the journal at 256 MiB."""

KEPT_SEGMENTS: Final = 8
"""Consumed segments kept for replay."""

HEAD_BYTES: Final = 32
LOOK_WITHIN: Final = 20_000_000
"""Nanoseconds. The longest look that can be promised: whoever waits for an event of a call waits no longer."""

_FIELD: Final = struct.Struct("<Q")


def segment_path(folder: Path, number: int) -> Path:
    """The file of one segment.

    >>> segment_path(Path("j"), 7).name
    'events-0000000007.jsonl'
    """
    return folder / f"events-{number:010d}.jsonl"


def reserved_path(folder: Path, number: int) -> Path:
    """A file that already has its blocks and becomes a segment when one is begun (`reserve.py`)."""
    return folder / f"reserved-{number}"


def reserved(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("reserved-*") if path.suffix == "")


class Head:
    """The shared head. Each field is one aligned 8-byte word, so a reader never sees half a number."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "head"
        with self._opened() as fd:
            if os.fstat(fd).st_size < HEAD_BYTES:
                os.ftruncate(fd, HEAD_BYTES)
                os.fchmod(fd, 0o660)  # whatever the umask: workers and the guard share it through their group
            self._map = mmap.mmap(fd, HEAD_BYTES)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        try:
            yield fd
        finally:
            os.close(fd)

    def turn_from(self, number: int) -> None:
        """Starts the segment after `number`, unless somebody else did or does: a slow writer must never turn back."""
        with self._opened() as fd:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if self.segment == number:
                self._take_reserved(number + 1)
                self.segment = number + 1

    def _take_reserved(self, number: int) -> None:
        folder = self._path.parent
        for ready in reserved(folder)[:1]:
            if not segment_path(folder, number).exists():
                ready.rename(segment_path(folder, number))

    def _get(self, offset: int) -> int:
        value: int = _FIELD.unpack_from(self._map, offset)[0]
        return value

    def _set(self, offset: int, value: int) -> None:
        _FIELD.pack_into(self._map, offset, value)

    @property
    def segment(self) -> int:
        return self._get(0)

    @segment.setter
    def segment(self, number: int) -> None:
        self._set(0, number)

    @property
    def dropped(self) -> int:
        return self._get(8)

    def count_drop(self) -> None:
        self._set(8, self.dropped + 1)

    @property
    def consumed(self) -> int:
        return self._get(16)

    @consumed.setter
    def consumed(self, number: int) -> None:
        self._set(16, number)

    def promise_look(self, now: int) -> None:
        """The reader looks within LOOK_WITHIN by itself; `now` is monotonic time in nanoseconds."""
        self._set(24, now + LOOK_WITHIN)

    def is_look_promised(self, now: int) -> bool:
        """A time further off than any promise is of another boot, whose clock began anew."""
        return 0 < self._get(24) - now <= LOOK_WITHIN
