"""Whether a media relay runs out of room. The guard writes once a second; for a worker a look is one memory read."""

import mmap
import os
import time
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

BYTES: Final = 16
HOLDS_FOR: Final = 5.0
"""Seconds. What nobody confirms is forgotten: a guard that hangs keeps nobody from calling."""

RETRY_SECONDS: Final = 1.0


class Side(IntEnum):
    """Which relay: the core's, or the SBC's."""

    CORE = 0
    SBC = 1


def _file(folder: Path) -> Path:
    return folder / "relay"


class RelayRoomWriter:
    """The guard's side; a new guard begins with room everywhere."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        fd = os.open(_file(folder), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.ftruncate(fd, BYTES)
            self._until = memoryview(mmap.mmap(fd, BYTES)).cast("d")
        finally:
            os.close(fd)
        for side in Side:
            self._until[side] = 0.0

    def tell(self, side: Side, now: float, *, low: bool) -> None:
        """`now` is monotonic seconds, which are the same in all processes."""
        self._until[side] = now + HOLDS_FOR if low else 0.0


class RelayRoomReader:
    """A worker's side; open it after the fork. What cannot be read is room."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._until: Any = None
        self._next_try = 0.0

    def is_low(self, side: Side) -> bool:
        now = time.monotonic()
        if self._until is None and not self._open(now):
            return False
        return bool(0 < self._until[side] - now <= HOLDS_FOR)  # more is from before the machine started anew

    def _open(self, now: float) -> bool:
        if now < self._next_try:
            return False
        self._next_try = now + RETRY_SECONDS
        try:
            with _file(self._folder).open("rb") as stream:
                shared = mmap.mmap(stream.fileno(), BYTES, prot=mmap.PROT_READ)
        except (OSError, ValueError):
            return False
        self._until = memoryview(shared).cast("d")
        return True
