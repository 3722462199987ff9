"""Room on the disk: who runs the system hears of the end of it while mail can still be sent and the ledger written."""

from pathlib import Path
from typing import Final

from ringfence.hosts.room import room_at
from ringfence.journal.reserve import reserve
from ringfence.policy.sentence import Sentence

DISK_LOW: Final = "disk.low"
QUIET_AFTER: Final = 60.0
"""Seconds with room again until the alarm is taken back."""


def shortage(folder: Path) -> Sentence:
    """What to tell of the disk under the journal's folder; "" while there is room. Fills up the journal's reserve, so
    it may wait for the disk: call it in a thread.
    """
    kept = reserve(folder)
    room = room_at(folder)
    if kept and not room.is_low:
        return ""
    if kept and room.has_few_files:
        return (
            f"Only {room.files} more files fit on the disk, however much room there is. Delete what has very many: "
            "calls go on, but recordings, messages and changes will soon not be kept."
        )
    free = room.free >> 20
    if kept:
        return (
            f"Only {free} MiB of the disk are free. Make room: calls go on, but recordings, messages and changes will "
            "soon not be kept."
        )
    return (
        f"Only {free} MiB of the disk are free. Make room: the journal's reserve is being used up; without it "
        "calls leave no record and no ban follows."
    )
