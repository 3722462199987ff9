"""Office hours compiled into plain numbers: changes of the clock and holidays for the years to come."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import holidays

from ringfence.policy.outgoing.schedule import OfficeHours, Offset, Span
from ringfence.portal.outbound.models import OfficeHours as OfficeHoursRow

YEARS: Final = 10
"""So far ahead are clocks and holidays known; every start of the system compiles them anew."""

YEARLY: Final = re.compile(r"--(\d\d)-(\d\d)")
_EPOCH: Final = date(1970, 1, 1).toordinal()


def compiled(row: OfficeHoursRow, zone: str, year: int) -> OfficeHours:
    """The office hours as workers read them."""
    days = {*_own_days(row.closed, year), *_public_holidays(row.holidays_country, row.holidays_part, year)}
    spans = tuple(Span(*(int(value) for value in span)) for span in row.spans)
    return OfficeHours(row.pk, row.name, spans, _offsets(row.time_zone or zone, year), tuple(sorted(days)))


def parts_of(country: str) -> tuple[str, ...]:
    """The parts of a country that have holidays of their own. Raises KeyError if its holidays are not known."""
    return tuple(holidays.list_supported_countries()[country])


@cache
def _offsets(zone: str, year: int) -> tuple[Offset, ...]:
    """Every change of the clock from a year back to YEARS ahead."""
    clock = ZoneInfo(zone)
    day, end = datetime(year - 1, 1, 1, tzinfo=UTC), datetime(year + YEARS, 1, 1, tzinfo=UTC)
    found = [Offset(0, _seconds(clock, day))]
    while day < end:
        following = day + timedelta(days=1)
        if _seconds(clock, following) != found[-1].seconds:
            moment = _change_between(clock, day, following)
            found.append(Offset(moment.timestamp(), _seconds(clock, moment)))
        day = following
    return tuple(found)


def _change_between(clock: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """The minute of the change, found by halving."""
    before = _seconds(clock, early)
    while late - early > timedelta(minutes=1):
        middle = early + (late - early) // 2
        early, late = (middle, late) if _seconds(clock, middle) == before else (early, middle)
    return late.replace(second=0, microsecond=0)


def _seconds(clock: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(clock).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


@cache
def _public_holidays(country: str, part: str, year: int) -> tuple[int, ...]:
    if not country:
        return ()
    found: Any = holidays.country_holidays(country, subdiv=part or None, years=range(year - 1, year + YEARS))
    return tuple(day.toordinal() - _EPOCH for day in found)


def _own_days(closed: Iterable[str], year: int) -> Iterable[int]:
    for text in closed:
        yearly = YEARLY.fullmatch(text)
        if yearly is None:
            yield date.fromisoformat(text).toordinal() - _EPOCH
            continue
        for one in range(year - 1, year + YEARS):
            try:
                yield date(one, int(yearly[1]), int(yearly[2])).toordinal() - _EPOCH
            except ValueError:  # 29 February
                continue
