"""What room is left in a media relay. The guard writes once a second; for a worker a look is one memory read."""

import time
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from ringfence.store import words

HOLDS_FOR: Final = 5.0
"""Seconds. What nobody confirms is forgotten: a guard that hangs keeps nobody from calling."""

RETRY_SECONDS: Final = 1.0


class Side(IntEnum):
    """Which relay: the core's, or the SBC's."""

    CORE = 0
    SBC = 1


WORDS: Final = len(Side) * 2
"""For each side how many offers there is room for, and when somebody looked."""


class Room(NamedTuple):
    """How many offers to devices and trunks a relay has room for until only its reserve is left, as of one look."""

    offers: int
    looked_at: float


def _file(folder: Path) -> Path:
    return folder / "relay"


class RelayRoomWriter:
    """The guard's side; a new guard begins with room everywhere."""

    def __init__(self, folder: Path) -> None:
        self._told = words.made(_file(folder), WORDS, "d")
        for place in range(len(self._told)):
            self._told[place] = 0.0

    def tell(self, side: Side, now: float, offers: int | None) -> None:
        """`now` is monotonic seconds, which are the same in all processes; None is a relay that says nothing."""
        self._told[2 * side] = float(offers or 0)
        self._told[2 * side + 1] = 0.0 if offers is None else now


class RelayRoomReader:
    """A worker's side; open it after the fork. What cannot be read is room."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told: Any = None
        self._next_try = 0.0

    def room(self, side: Side) -> Room | None:
        """None while nobody knows."""
        now = time.monotonic()
        if self._told is None and not self._open(now):
            return None
        looked_at = self._told[2 * side + 1]
        known = looked_at > 0 and 0 <= now - looked_at <= HOLDS_FOR  # later is from before the machine started anew
        return Room(int(self._told[2 * side]), looked_at) if known else None

    def is_low(self, side: Side) -> bool:
        found = self.room(side)
        return found is not None and found.offers <= 0

    def _open(self, now: float) -> bool:
        if now < self._next_try:
            return False
        self._next_try = now + RETRY_SECONDS
        try:
            self._told = words.seen(_file(self._folder), WORDS, "d")
        except (OSError, ValueError):
            return False
        return True
