"""Alarms of processes that ended by themselves: they are back at once, so nobody would know but for the log."""

import json
from pathlib import Path
from typing import Final

from ringfence.guard.clock import Moment
from ringfence.guard.health.alarms import Alarms

RECENT: Final = 60.0
"""Seconds; what ended before was told by the guard that ran then, or is over."""

QUIET_AFTER: Final = 600.0
"""Seconds without another end until the alarm is taken back."""


class Endings:
    """What the supervisor wrote down, each end told once."""

    def __init__(self, path: Path, alarms: Alarms) -> None:
        self._path = path
        self._alarms = alarms
        self._told: dict[str, int] = {}

    def look(self, now: Moment) -> None:
        for name, (times, at) in self._read().items():
            if times != self._told.get(name) and now.boot - at < RECENT:
                self._alarms.set_off_for(
                    f"process.ended.{name}",
                    f"{name} ended without having been asked to and was started again. See its log.",
                    now,
                    QUIET_AFTER,
                )
            self._told[name] = times

    def _read(self) -> dict[str, tuple[int, float]]:
        try:
            found = json.loads(self._path.read_text(encoding="ascii"))
            return {str(name): (int(times), float(at)) for name, (times, at) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}
