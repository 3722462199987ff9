"""A time zone as a phone has to be told: its offset and the rule of its summer time, from the zone's POSIX text."""

import re
import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NAME: Final = r"(?:<[^>]+>|[A-Za-z]{3,})"
_TIME: Final = r"[+-]?\d{1,3}(?::\d{2}){0,2}"
_RULE: Final = rf"M(\d{{1,2}})\.(\d)\.(\d)(?:/({_TIME}))?"
_POSIX: Final = re.compile(rf"({_NAME})({_TIME})(?:({_NAME})({_TIME})?,{_RULE},{_RULE})?")
USUAL_HOUR: Final = 2 * 3600
LAST_WEEK: Final = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """When clocks change: month, week (5 is the last), weekday (0 is Sunday), seconds after midnight."""

    month: int
    week: int
    weekday: int
    seconds: int

    @property
    def hour(self) -> int:
        """Phones know 0 to 23; where clocks change the day before or after, it is the nearest hour of this day."""
        return min(max(self.seconds // 3600, 0), 23)

    @property
    def from_monday(self) -> int:
        """1 is Monday, 7 is Sunday."""
        return self.weekday or 7

    @property
    def signed_week(self) -> int:
        """-1 is the last week."""
        return -1 if self.week == LAST_WEEK else self.week


@dataclass(frozen=True, slots=True)
class Zone:
    """Seconds east of Greenwich; in summer `saving` seconds more, between the two turns."""

    posix: str = "UTC0"
    offset: int = 0
    saving: int = 0
    start: Turn | None = None
    end: Turn | None = None

    @property
    def hours(self) -> str:
        """
        >>> Zone(offset=-12_600).hours, Zone(offset=7200).hours, Zone().hours
        ('-3:30', '+2', '0')
        """
        hours, minutes = divmod(abs(self.offset) // 60, 60)
        sign = "-" if self.offset < 0 else "+" if self.offset else ""
        return f"{sign}{hours}" + (f":{minutes:02}" if minutes else "")

    @property
    def clock(self) -> str:
        """
        >>> Zone(offset=-12_600).clock, Zone().clock
        ('-03:30', '+00:00')
        """
        hours, minutes = divmod(abs(self.offset) // 60, 60)
        return f"{'-' if self.offset < 0 else '+'}{hours:02}:{minutes:02}"


UTC: Final = Zone()


def zone_named(name: str) -> Zone:
    """The rules of today of an IANA zone; UTC when this machine does not know it."""
    return parsed(_footer(name)) if name in zoneinfo.available_timezones() else UTC


def parsed(posix: str) -> Zone:
    """
    >>> parsed("CET-1CEST,M3.5.0,M10.5.0/3").end
    Turn(month=10, week=5, weekday=0, seconds=10800)
    """
    found = _POSIX.fullmatch(posix)
    if found is None:
        return UTC
    offset = -_seconds(found[2])
    if found[3] is None:
        return Zone(posix, offset)
    other = -_seconds(found[4]) if found[4] else offset + 3600
    first, second = _turn(found, 5), _turn(found, 9)
    if other > offset:
        return Zone(posix, offset, other - offset, first, second)
    return Zone(_turned(found), other, offset - other, second, first)


def _turned(found: re.Match[str]) -> str:
    """Ireland calls its winter the exception. Phones only know hours that are added in summer."""
    winter, summer = f"{found[3]}{found[4]}", f"{found[1]}{found[2]}"
    begins, ends = (f"M{found[at]}.{found[at + 1]}.{found[at + 2]}/{found[at + 3] or 2}" for at in (9, 5))
    return f"{winter}{summer},{begins},{ends}"


def _turn(found: re.Match[str], first: int) -> Turn:
    month, week, weekday = (int(found[number]) for number in range(first, first + 3))
    told = found[first + 3]
    return Turn(month, week, weekday, _seconds(told) if told else USUAL_HOUR)


def _seconds(text: str) -> int:
    hours, minutes, seconds = ([*text.lstrip("+-").split(":"), "0", "0"])[:3]
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return -total if text.startswith("-") else total


def _footer(name: str) -> str:
    """The last line of the zone's file (RFC 9636 section 3.3)."""
    for root in zoneinfo.TZPATH:
        path = Path(root) / name
        if path.is_file():
            return path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2].decode("ascii", "replace")
    return ""
