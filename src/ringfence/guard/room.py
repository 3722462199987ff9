"""Room on the disk: who runs the system hears of the end of it while mail can still be sent and the ledger written."""

import os
from pathlib import Path
from typing import Final

from ringfence.journal.reserve import reserve

DISK_LOW: Final = "disk.low"
QUIET_AFTER: Final = 60.0
"""Seconds with room again until the alarm is taken back."""

_LEAST_FREE: Final = 1 << 30
_LEAST_SHARE: Final = 20
"""A twentieth of a small disk is enough."""

_KEPT: Final = "Make room: calls go on, but recordings, messages and changes will soon not be kept."
_NOT_KEPT: Final = (
    "Make room: the journal's reserve is being used up; without it calls leave no record and no ban follows."
)


def shortage(folder: Path) -> str:
    """What to tell of the disk under the journal's folder; "" while there is room. Fills up the journal's reserve, so
    it may wait for the disk: call it in a thread.
    """
    kept = reserve(folder)
    state = os.statvfs(folder)
    free, whole = state.f_bavail * state.f_frsize, state.f_blocks * state.f_frsize
    if kept and free >= min(_LEAST_FREE, whole // _LEAST_SHARE):
        return ""
    return f"Only {free >> 20} MiB of the disk are free. {_KEPT if kept else _NOT_KEPT}"
