"""What somebody wants of codes, hours and rules, and why it cannot be."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from zoneinfo import available_timezones

from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.outgoing.numberplan import NumberClass
from ringfence.policy.outgoing.numbers import Reach
from ringfence.policy.settings import Problem
from ringfence.portal.outbound import calendars, metadata
from ringfence.portal.outbound.models import Availability
from ringfence.portal.text import description_problem, label_problem

MOST_PARTS: Final = 200
"""Prefixes, callers, spans or days of one row."""

MOST_ROUTES: Final = 10
LAST_PLACE: Final = 1_000_000
DAY: Final = 1440
_PREFIX: Final = re.compile(r"\+?[0-9]{1,15}")
_CALLERS: Final = re.compile(r"([0-9]{1,16})(?:-([0-9]{1,16}))?")
_PREPEND: Final = re.compile(r"\+?[0-9*#]{0,16}")
_SHOWN: Final = re.compile(r"(\+?[0-9]{1,20})?")


@dataclass(frozen=True, slots=True)
class PlanWish:
    """A number plan."""

    country: str = ""
    area_code: str = ""
    access_code: str = ""
    permitted: list[str] = field(default_factory=list)
    emergency_trunks: list[int] = field(default_factory=list)
    emergency_caller: str = ""

    def problems(self) -> Iterator[Problem]:
        if self.country and self.country not in metadata.countries():
            yield country_problem("country", self.country)
        for name, longest in (("area_code", 8), ("access_code", 4)):
            value = getattr(self, name)
            if value and not (value.isascii() and value.isdecimal() and len(value) <= longest):
                yield Problem(name, "plan.digits", f"These are up to {longest} digits, without the national prefix.")
        for name in self.permitted:
            if name not in NumberClass or name == NumberClass.ORDINARY:
                yield Problem("permitted", "plan.class", f"{name!r} is no class of numbers that can be switched on.")
        if not _SHOWN.fullmatch(self.emergency_caller):
            yield shown_problem("emergency_caller")


@dataclass(frozen=True, slots=True)
class HoursWish:
    """Office hours. `spans` are weekday (0 Monday), start and end as HH:MM; an end before the start is the next day."""

    name: str
    is_general: bool = False
    time_zone: str = ""
    spans: list[list[int]] = field(default_factory=list)
    holidays_country: str = ""
    holidays_part: str = ""
    closed: list[str] = field(default_factory=list)

    def problems(self) -> Iterator[Problem]:
        if found := label_problem("name", self.name):
            yield found
        if self.time_zone and self.time_zone not in available_timezones():
            yield Problem("time_zone", "hours.time_zone", "A time zone is a name such as Europe/Berlin, or empty.")
        if not self.spans:
            yield Problem("spans", "hours.none", "Without any hours an office is never open; add at least one.")
        if max(len(self.spans), len(self.closed)) > MOST_PARTS:
            yield Problem("spans", "hours.too_many", f"At most {MOST_PARTS} hours and days.")
        for weekday, start, end in self.spans:
            if not (0 <= weekday <= 6 and 0 <= start < DAY and 0 < end <= DAY and start != end):
                yield Problem(
                    "spans", "hours.span", "Hours are a weekday, a start and another end, such as 08:00-17:30."
                )
        yield from self._holiday_problems()

    def _holiday_problems(self) -> Iterator[Problem]:
        for text in self.closed:
            if not _is_day(text):
                yield Problem(
                    "closed", "hours.day", f"{text!r} is no day such as 2026-12-24, or --12-24 for each year."
                )
        if not self.holidays_country:
            return
        try:
            parts = calendars.parts_of(self.holidays_country)
        except KeyError:
            yield Problem("holidays_country", "hours.country", "The holidays of this country are not known.")
            return
        if self.holidays_part and self.holidays_part not in parts:
            yield Problem("holidays_part", "hours.part", f"The parts of this country are {', '.join(parts) or 'none'}.")


@dataclass(frozen=True, slots=True)
class RuleWish:
    """An outbound rule, as the row has it."""

    name: str
    order: int
    enabled: bool = True
    prefixes: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    reaches: list[str] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    availability: str = Availability.ALWAYS.value
    office_hours_id: int | None = None
    routes: list[dict[str, Any]] = field(default_factory=list)

    def problems(self) -> Iterator[Problem]:
        if found := label_problem("name", self.name):
            yield found
        if not 1 <= self.order <= LAST_PLACE:
            yield Problem("order", "rule.order", f"The order is 1 to {LAST_PLACE}; lower numbers are asked first.")
        parts: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
            ("prefixes", is_prefix, "is no beginning of a number such as +49, 0049 or 030"),
            ("lengths", lambda length: 1 <= length <= 15, "is no number of digits from 1 to 15"),
            (
                "reaches",
                lambda reach: reach in (Reach.NATIONAL, Reach.INTERNATIONAL),
                "is not national or international",
            ),
            ("callers", is_callers, "is no extension, and no range of equally long ones such as 101-110"),
        )
        for name, fits, why in parts:
            values = getattr(self, name)
            if len(values) > MOST_PARTS:
                yield Problem(name, "rule.too_many", f"At most {MOST_PARTS}.")
            yield from (Problem(name, f"rule.{name}", f"{value!r} {why}.") for value in values if not fits(value))
        if (self.availability == Availability.OWN) != (self.office_hours_id is not None):
            yield Problem("office_hours_id", "rule.office_hours", "Own office hours are named if, and only if, chosen.")
        yield from self._route_problems()

    def _route_problems(self) -> Iterator[Problem]:
        if not 1 <= len(self.routes) <= MOST_ROUTES:
            yield Problem(
                "routes", "rule.routes", f"A rule has 1 to {MOST_ROUTES} routes; without one no call can leave."
            )
        for route in self.routes:
            if not _PREPEND.fullmatch(route["prepend"]):
                yield Problem("routes", "rule.prepend", "Up to 16 digits can be put before the number.")
            if not 0 <= route["strip"] <= 16:
                yield Problem(
                    "routes", "rule.strip", "0 to 16 characters can be taken off, the plus being one of them."
                )
            if not _SHOWN.fullmatch(route["caller_number"]):
                yield shown_problem("routes")
            if not 0 <= route["cost"] <= 1_000_000:
                yield Problem("routes", "rule.cost", "The cost is 0 to 1000000; the cheapest route is tried first.")


def is_prefix(text: str) -> bool:
    return bool(_PREFIX.fullmatch(read_dialled(text).digits)) and ";" not in text


def is_callers(text: str) -> bool:
    found = _CALLERS.fullmatch(text)
    return found is not None and (found[2] is None or (len(found[1]) == len(found[2]) and found[1] <= found[2]))


def code_problems(prefix: str, description: str) -> Iterator[Problem]:
    if not is_prefix(prefix):
        yield Problem(
            "prefix", "code.prefix", "A code is the beginning of a number: digits as dialled, or with a plus."
        )
    if found := description_problem("description", description):
        yield found


def emergency_problems(number: str, description: str) -> Iterator[Problem]:
    if not re.fullmatch(r"[0-9]{2,8}", number):
        yield Problem("number", "emergency.number", "An emergency number has 2 to 8 digits.")
    if found := description_problem("description", description):
        yield found


def country_problem(name: str, country: str) -> Problem:
    return Problem(name, "country.unknown", f"{country!r} is no country such as DE or US (ISO 3166).")


def shown_problem(name: str) -> Problem:
    return Problem(name, "rule.caller_number", "A number to show has up to 20 digits, with a plus before them or not.")


def _is_day(text: str) -> bool:
    yearly = calendars.YEARLY.fullmatch(text)
    try:
        date.fromisoformat(f"2024-{yearly[1]}-{yearly[2]}" if yearly else text)
    except ValueError:
        return False
    return yearly is not None or len(text) == 10
