"""Office hours (reference: "Office Hours for Outbound Rules"): when a rule is available.

Time zone and holidays are compiled by the portal into plain numbers, so a decision reads no file and asks no clock.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

DAY_SECONDS: Final = 86_400
DAY_MINUTES: Final = 1_440
_MONDAY: Final = 3
"""Day 0 of Unix time was a Thursday."""


@dataclass(frozen=True, slots=True)
class Span:
    """Office hours that begin on a weekday (0 is Monday), in minutes of the wall clock.

    An end that is not later than the start is on the next day: 22:00 to 06:00 crosses midnight.
    """

    weekday: int
    start: int
    end: int

    @property
    def crosses_midnight(self) -> bool:
        return self.end <= self.start


@dataclass(frozen=True, slots=True)
class Offset:
    """From this Unix time on, local time is so many seconds ahead of UTC."""

    since: float
    seconds: int


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When an office is open. `closed` are local days since 1970-01-01, the holidays: nothing is open on them, whatever
    began the evening before, and nothing that begins on them goes on after midnight.
    """

    id: int
    name: str
    spans: tuple[Span, ...]
    offsets: tuple[Offset, ...] = (Offset(0, 0),)
    closed: tuple[int, ...] = ()

    def is_open(self, now: float) -> bool:
        """Whether a span covers this moment. One that crosses midnight belongs to the day on which it begins."""
        day, second = divmod(int(now) + self.offset(now), DAY_SECONDS)
        minute = second // 60
        return day not in self.closed and any(
            self._covers(span, day, minute) or self._covers(span, day - 1, minute + DAY_MINUTES) for span in self.spans
        )

    def offset(self, now: float) -> int:
        """Seconds that local time is ahead of UTC; daylight saving is in it."""
        place = bisect_right(self.offsets, now, key=lambda one: one.since)
        return self.offsets[max(place - 1, 0)].seconds if self.offsets else 0

    def _covers(self, span: Span, day: int, minute: int) -> bool:
        """Whether the span that begins on this day covers a minute counted from that day's midnight."""
        if (day + _MONDAY) % 7 != span.weekday or day in self.closed:
            return False
        end = span.end + DAY_MINUTES if span.crosses_midnight else span.end
        return span.start <= minute < end
