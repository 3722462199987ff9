"""Numbers that lead elsewhere in office hours than out of them (reference: "Office Hours")."""

from datetime import UTC, datetime

import pytest

from ringfence.policy.book import Book, Role, Subscriber, Tenant, TimeCondition
from ringfence.policy.calls.timed import MOST_CONDITIONS, led_by_time
from ringfence.policy.index import Index, build_index
from ringfence.policy.model import Refuse, RingExtension, Verdict
from ringfence.policy.outgoing.callplan import EmergencyPlan, Settings, decode_plan, encode_plan
from ringfence.policy.outgoing.numberplan import World
from ringfence.policy.outgoing.outside import Exchange
from ringfence.policy.outgoing.schedule import OfficeHours, Offset, Span
from ringfence.policy.routing import judge_with
from ringfence.policy.trunking.outsiders import outsider

DAY = TimeCondition(1, "700@a.example", 4, "extension:101", "extension:102")
SUMMER = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
"""When Berlin goes from UTC+1 to UTC+2."""

SHIFT = OfficeHours(
    4, "Night shift", (Span(5, 22 * 60, 6 * 60),), (Offset(0, 3600), Offset(SUMMER, 7200)), closed=(20_554,)
)
"""Saturdays 22:00 to Sundays 6:00 in Berlin; no shift begins on Saturday 2026-04-11."""

ANN, BOB = (Subscriber(f"{number}@a.example", 1, number, "staff", True, "", "", "") for number in (101, 102))


def judged(at: str, condition: TimeCondition = DAY, caller: Subscriber | None = None) -> Verdict:
    caller = caller or outsider("+4989", 1, "a.example", "")
    index = _index(condition)
    plan = decode_plan(encode_plan(Settings(hours=(SHIFT,), emergency=EmergencyPlan()), []), World())
    exchange = Exchange(plan, datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp())
    return judge_with(index, {one.aor: one for one in (ANN, BOB)}.get, lambda tenant: exchange)(caller, caller, "700")


def _index(*conditions: TimeCondition) -> Index:
    staff = Role("staff", internal=True, national=False, international=False)
    return build_index(Book(tenants=(Tenant(1, "A", "a.example"),), roles=(staff,), time_conditions=conditions))


@pytest.mark.parametrize(
    ("at", "aor"),
    [
        ("2026-03-28T20:59", "102@a.example"),
        ("2026-03-28T21:00", "101@a.example"),
        ("2026-03-29T03:59", "101@a.example"),
        ("2026-03-29T04:00", "102@a.example"),
        ("2026-04-04T20:00", "101@a.example"),
        ("2026-04-05T03:59", "101@a.example"),
        ("2026-04-11T21:00", "102@a.example"),
        ("2026-04-12T02:00", "102@a.example"),
    ],
)
def test_time_zone_daylight_saving_midnight_and_holidays(at: str, aor: str) -> None:
    """The shift over the night in which the clock goes forward is one hour shorter."""
    verdict = judged(at)
    assert isinstance(verdict, RingExtension)
    assert verdict.aor == aor


def test_it_may_hang_up_or_lead_to_a_number_of_nobody() -> None:
    closed = TimeCondition(1, "700@a.example", 4, "extension:101", "hang_up:")
    assert judged("2026-04-15T12:00", closed) == Refuse("route.hang_up", 603, "Decline")
    nobody = TimeCondition(1, "700@a.example", 4, "extension:101", "extension:999")
    assert judged("2026-04-15T12:00", nobody) == Refuse("inbound.destination", 480, "Temporarily Unavailable")


def test_who_calls_from_inside_needs_the_right_to_call_inside() -> None:
    verdict = judged("2026-04-15T12:00", caller=ANN)
    assert isinstance(verdict, RingExtension)
    assert verdict.aor == "102@a.example"
    weak = Subscriber("103@a.example", 1, 3, "nobody", True, "", "", "")
    assert judged("2026-04-15T12:00", caller=weak) == Refuse("route.internal_calls", 403, "Forbidden")


def test_without_hours_it_is_out_of_hours() -> None:
    assert led_by_time("700", "a.example", _index(DAY), None, 0.0) == "102"


def test_conditions_that_lead_to_each_other_end() -> None:
    index = _index(
        TimeCondition(1, "700@a.example", 4, "time_condition:701", "time_condition:701"),
        TimeCondition(2, "701@a.example", 4, "time_condition:700", "time_condition:700"),
    )
    found = led_by_time("700", "a.example", index, None, 0.0)
    assert isinstance(found, Refuse)
    assert found.code == 482
    assert MOST_CONDITIONS < 10
