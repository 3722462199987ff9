"""The alarm of a rule that broke: a worker refused what it could not judge (attack case 51), and somebody must look."""

from typing import Final

from ringfence.guard.clock import Moment
from ringfence.guard.health.alarms import Alarms
from ringfence.journal.reader import Event
from ringfence.policy.events import Kind

QUIET_AFTER: Final = 600.0
"""Seconds without another one until the alarm is taken back."""

SHOWN: Final = 200


class Faults:
    """Raised at the first exception, cleared when none came for a while."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms

    def take(self, event: Event, now: Moment) -> None:
        """An exception in a worker. Raises KeyError on an event that says nothing."""
        where, error = str(event["where"])[:SHOWN], str(event["error"])[:SHOWN]
        message = f"The SIP core could not judge a message in {where} and refused it ({error}). Please report this."
        self._alarms.set_off_for(Kind.ENGINE_EXCEPTION, message, now, QUIET_AFTER)
