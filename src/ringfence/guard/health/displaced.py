"""The alarm of a device that gave way to one from elsewhere: it may be the owner's, and the other one a thief's."""

from typing import Final

from ringfence.guard.clock import Moment
from ringfence.guard.health.alarms import Alarms
from ringfence.journal.reader import Event
from ringfence.policy.events import Kind
from ringfence.policy.sentence import Sentence

QUIET_AFTER: Final = 3_600.0
"""Seconds without another one until the alarm is taken back."""

SHOWN: Final = 128


class Displaced:
    """One alarm for each extension, cleared when it came no more for a while. A phone that takes its own old place is
    no news.
    """

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms

    def take(self, event: Event, now: Moment) -> None:
        """Raises KeyError on an event that says nothing."""
        aor, before, after = (str(event[name])[:SHOWN] for name in ("aor", "displaced", "source"))
        if before != after:
            alarm_id = f"{Kind.REGISTRATION_DISPLACED}.{aor}"
            self._alarms.set_off_for(alarm_id, _told(aor, before, after), now, QUIET_AFTER)


def _told(aor: str, before: str, after: str) -> Sentence:
    return (
        f"{aor} has more devices than it may have: the one at {before} was ended for a new one at {after}. If nobody "
        "knows that one, renew the SIP secret of the extension."
    )
