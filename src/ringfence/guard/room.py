"""Room on the disk: who runs the system hears of the end of it while mail can still be sent and the ledger written."""

from pathlib import Path
from typing import Final

from ringfence.hosts.room import room_at
from ringfence.journal.reserve import reserve

DISK_LOW: Final = "disk.low"
QUIET_AFTER: Final = 60.0
"""Seconds with room again until the alarm is taken back."""

_KEPT: Final = "Make room: calls go on, but recordings, messages and changes will soon not be kept."
_NOT_KEPT: Final = (
    "Make room: the journal's reserve is being used up; without it calls leave no record and no ban follows."
)


def shortage(folder: Path) -> str:
    """What to tell of the disk under the journal's folder; "" while there is room. Fills up the journal's reserve, so
    it may wait for the disk: call it in a thread.
    """
    kept = reserve(folder)
    room = room_at(folder)
    if kept and not room.is_low:
        return ""
    return f"Only {room.free >> 20} MiB of the disk are free. {_KEPT if kept else _NOT_KEPT}"
