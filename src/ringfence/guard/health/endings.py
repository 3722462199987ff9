"""Alarms of processes that ended by themselves: they are back at once, so nobody would know but for the log."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringfence.guard.clock import Moment
from ringfence.guard.health.alarms import Alarms
from ringfence.policy.sentence import Sentence

RECENT: Final = 60.0
"""Seconds; what ended before was told by the guard that ran then, or is over."""

QUIET_AFTER: Final = 600.0
"""Seconds without another end until the alarm is taken back."""

FAILED: Final = 3
"""So many starts in a row that came to nothing are no accident."""

STARTED_AFTER: Final = 30.0
"""Seconds without another failed start until that alarm is taken back: it is tried every few seconds."""


@dataclass(frozen=True, slots=True)
class End:
    """How often one ended, when the last time in seconds since boot, how many starts in a row failed, and why."""

    times: int
    at: float
    failed: int
    reason: str


class Endings:
    """What the supervisor wrote down, each end told once."""

    def __init__(self, path: Path, alarms: Alarms) -> None:
        self._path = path
        self._alarms = alarms
        self._told: dict[str, int] = {}

    def look(self, now: Moment) -> None:
        for name, end in self._read().items():
            if end.times != self._told.get(name) and now.boot - end.at < RECENT:
                self._alarms.set_off_for(
                    f"process.ended.{name}",
                    f"{name} ended without having been asked to and was started again. See its log.",
                    now,
                    QUIET_AFTER,
                )
                self._tell_failing(name, end, now)
            self._told[name] = end.times

    def _tell_failing(self, name: str, end: End, now: Moment) -> None:
        if end.failed >= FAILED:
            message = does_not_start(name, end.reason)
            self._alarms.set_off_for(f"process.start.{name}", message, now, STARTED_AFTER)

    def _read(self) -> dict[str, End]:
        try:
            found = json.loads(self._path.read_text(encoding="ascii"))
            return {
                str(name): End(int(times), float(at), int(failed), str(reason))
                for name, (times, at, failed, reason) in found.items()
            }
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def does_not_start(name: str, reason: str) -> Sentence:
    if not reason:
        return f"{name} does not start and says nothing. See ringfence logs {name} and ringfence status."
    return f"{name} does not start. Its last words: {reason}. Mend that; it is tried again every few seconds."
