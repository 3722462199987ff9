"""Whether the kernel's clock follows a time server (adjtimex(2)); needs no right. And waiting without that clock."""

import ctypes
import time
from datetime import UTC, datetime, timedelta
from typing import Final

WRITTEN: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that shows an earlier time is right: one without a battery begins in 1970 at every boot."""

STA_UNSYNC: Final = 0x0040
TIME_ERROR: Final = 5
_WORDS: Final = 64
"""struct timex is 208 bytes on 64-bit Linux; `modes` is its first word (0: only read), `status` the eleventh."""

_STATUS: Final = 10


def clock_synchronised() -> bool | None:
    """None where the kernel does not tell."""
    answer = (ctypes.c_int32 * _WORDS)()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(answer))
    if state < 0:
        return None
    return state != TIME_ERROR and not answer[_STATUS] & STA_UNSYNC


def validity(now: datetime, lasts: timedelta) -> tuple[datetime, datetime]:
    """From when to when what is signed now is valid. An authority of 1970 would have ended as soon as network time set
    the clock right, and at every later boot it would look good again.
    """
    return now - timedelta(hours=1), max(now, WRITTEN) + lasts


class Countdown:
    """Waits for moments of the clock on the wall without listening to it any more: set back by a year, a firewall that
    locks its owner out would be taken back a year late (attack case 70).
    """

    def __init__(self) -> None:
        self._moment: float | None = None
        self._ends = 0.0

    def runs(self, moment: float) -> bool:
        """Whether `moment` (Unix time, seconds), as it looked when it was first asked about, is still to come."""
        since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
        if moment != self._moment:
            self._moment, self._ends = moment, since_boot + moment - time.time()
        return since_boot < self._ends
