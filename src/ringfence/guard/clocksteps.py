"""The clock on the wall was set. Within this boot nothing lasts longer or shorter for it; the next boot has no other
clock, so what the ledger holds is dated by the new one.

A machine without a battery begins in the past, and network time sets it right a minute later: a ban of that minute was
over at the next boot.
"""

from typing import Final

from ringfence.guard.clock import Moment
from ringfence.guard.offenders.bans import Bans
from ringfence.guard.offenders.doors import Doors
from ringfence.guard.offenders.known import Known

STEP: Final = 10.0
"""Seconds. Less is what a clock drifts, added up until it is as much."""

MOST_BACK: Final = 86_400.0
"""A clock that is set back further than this has lost its time: the dates from before are the better ones."""


class ClockSteps:
    """Asked once a second."""

    def __init__(self, bans: Bans, doors: Doors, known: Known) -> None:
        self._keepers = bans, doors, known
        self._ahead: float | None = None

    def look(self, now: Moment) -> bool:
        """Whether it was set since the last look."""
        ahead = now.wall - now.boot
        if self._ahead is None:
            self._ahead = ahead
        step = ahead - self._ahead
        if abs(step) < STEP:
            return False
        self._ahead = ahead
        if step > -MOST_BACK:
            for keeper in self._keepers:
                keeper.date_anew(now)
        return True
