"""Office hours (reference: "Office Hours for Outbound Rules"): time zone, daylight saving, holidays, midnight."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.policy.outgoing.schedule import OfficeHours, Span
from ringfence.portal.outbound.calendars import compiled
from ringfence.portal.outbound.models import OfficeHours as Row


def hours(spans: list[list[int]], zone: str = "Europe/Berlin", **about: object) -> OfficeHours:
    return compiled(Row(pk=1, name="Office", spans=spans, **about), zone, 2026)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


WORKDAYS = hours([[day, 8 * 60, 17 * 60 + 30] for day in range(5)])


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-01-05T07:59:59", False),
        ("2026-01-05T08:00:00", True),
        ("2026-01-05T17:29:59", True),
        ("2026-01-05T17:30:00", False),
        ("2026-01-10T12:00:00", False),
        ("2026-07-06T08:00:00", True),
        ("2026-07-06T07:59:00", False),
        ("2026-03-30T08:00:00", True),
        ("2026-10-26T08:00:00", True),
    ],
)
def test_hours_are_those_of_the_wall_clock_in_summer_and_winter(moment: str, is_open: bool) -> None:
    assert WORKDAYS.is_open(at(moment)) is is_open


def test_hours_across_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = hours([[4, 22 * 60, 6 * 60]], closed=["2026-01-16"])
    assert night.is_open(at("2026-01-09T23:00:00"))
    assert night.is_open(at("2026-01-10T05:59:00"))
    assert not night.is_open(at("2026-01-10T06:00:00"))
    assert not night.is_open(at("2026-01-09T05:00:00"))
    assert not night.is_open(at("2026-01-17T03:00:00"))


def test_a_holiday_ends_what_began_the_evening_before() -> None:
    """peers.md: holidays block regardless of hours."""
    night = hours([[3, 22 * 60, 6 * 60], [4, 22 * 60, 6 * 60]], closed=["2026-01-16"])
    assert night.is_open(at("2026-01-15T23:59:00"))
    assert not night.is_open(at("2026-01-16T00:01:00"))


def test_on_a_holiday_the_office_is_closed() -> None:
    every_day = [[day, 0, 1440] for day in range(7)]
    berlin = hours(every_day, holidays_country="DE", holidays_part="BE", closed=["2026-12-24", "--12-31"])
    for day in ("2026-01-01", "2026-03-08", "2026-12-25", "2026-12-24", "2026-12-31", "2028-12-31"):
        assert not berlin.is_open(at(f"{day}T12:00:00")), day
    for day in ("2026-01-02", "2027-12-24", "2026-01-06"):
        assert berlin.is_open(at(f"{day}T12:00:00")), day


def test_without_hours_it_is_never_open() -> None:
    assert not OfficeHours(1, "x", ()).is_open(0.0)
    assert OfficeHours(1, "x", (Span(3, 0, 10),), offsets=()).is_open(0.0)


@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    moment=st.integers(1_735_776_000, 2_080_000_000),
)
def test_local_time_is_what_the_time_zone_database_says(zone: str, moment: int) -> None:
    then = datetime.fromtimestamp(moment, UTC)
    offset = then.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    assert hours([[0, 0, 60]], zone).offset(then.timestamp()) == offset.total_seconds()
