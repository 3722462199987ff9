"""Alarms: conditions an administrator must know of, each raised once and cleared once."""

from dataclasses import asdict, dataclass
from typing import Any

from ringfence.guard.clock import Moment
from ringfence.guard.ledger import Ledger
from ringfence.policy.events import Kind


@dataclass(frozen=True, slots=True)
class Alarm:
    """One standing condition."""

    id: str
    since: float
    message: str


class Alarms:
    """The standing alarms; every change is an event."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._standing: dict[str, Alarm] = {}
        self._quiet_at: dict[str, float] = {}

    def set_off(self, alarm_id: str, message: str, now: float) -> None:
        """Raises an alarm unless it stands already; `now` is Unix time in seconds."""
        if alarm_id in self._standing:
            return
        self._standing[alarm_id] = Alarm(alarm_id, now, message)
        self._ledger.note(now, Kind.ALARM_RAISED, {"alarm": alarm_id, "message": message})

    def set_off_for(self, alarm_id: str, message: str, now: Moment, quiet_after: float) -> None:
        """The same, taken back by itself once it was not set off again for so many seconds."""
        self._quiet_at[alarm_id] = now.boot + quiet_after
        self.set_off(alarm_id, message, now.wall)

    def sweep(self, now: Moment) -> None:
        """Takes back what has been quiet for long enough."""
        for alarm_id in [one for one, at in self._quiet_at.items() if now.boot >= at]:
            del self._quiet_at[alarm_id]
            self.clear(alarm_id, now.wall)

    def clear(self, alarm_id: str, now: float) -> None:
        alarm = self._standing.pop(alarm_id, None)
        if alarm is not None:
            self._ledger.note(now, Kind.ALARM_CLEARED, {"alarm": alarm_id, "message": alarm.message})

    def listing(self) -> list[dict[str, Any]]:
        return [asdict(alarm) for alarm in self._standing.values()]
