"""Calls to the outside (reference: "Call Control and Fraud Prevention"; attack cases 108 and 113)."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.book import Book, Role, Subscriber, Tenant
from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.decide import decide
from ringfence.policy.index import build_index
from ringfence.policy.model import Answer, CallOutside, Credentials, Refuse, Request, TrunkRoute, Verdict
from ringfence.policy.outgoing.callplan import CallPlan, Codes, EmergencyPlan, Settings, decode_plan, encode_plan
from ringfence.policy.outgoing.numberplan import NumberClass
from ringfence.policy.outgoing.numbers import Reach
from ringfence.policy.outgoing.outbound import CallerRange, Miss, OutboundRule, Route
from ringfence.policy.outgoing.outside import OUTSIDE_GATES, Exchange
from ringfence.policy.outgoing.schedule import OfficeHours, Span
from ringfence.policy.routing import judge_with
from ringfence.portal.outbound.metadata import number_plan, world

CASES = tomllib.loads((Path(__file__).parent / "cases" / "outside.toml").read_text())["case"]
ROLES = {
    "inside": Role("inside", True, False, False),
    "nothing": Role("nothing", False, False, False),
    "national": Role("national", True, True, False),
    "traveller": Role("traveller", True, True, True),
}
INDEX = build_index(
    Book(tenants=(Tenant(1, "A", "a.example"),), roles=tuple(ROLES.values()), default_domain="a.example")
)
ANN = Subscriber("101@a.example", 1, 1, "traveller", True, "Ann", "h", "h")
MONDAY_NOON = 1_767_614_400.0  # 2026-01-05 12:00 UTC
OFFICE = OfficeHours(7, "Office", tuple(Span(day, 8 * 60, 18 * 60) for day in range(5)))
NOBODY: dict[str, Subscriber] = {}
ANY = OutboundRule(1, "Any", 100, routes=(Route(1),))


def plan(rules: tuple[OutboundRule, ...] = (ANY,), codes: Codes | None = None, **emergency: Any) -> CallPlan:
    settings = Settings(
        number_plan("DE", "30"), codes or Codes(), EmergencyPlan(("110", "112"), **emergency), hours=(OFFICE,)
    )
    return decode_plan(encode_plan(settings, list(rules)), world())


def invite(user: str, payer: Subscriber = ANN, answer: int = Answer.RIGHT) -> Request:
    uri = f"sip:{user}@a.example"
    return Request(
        "INVITE", user, "a.example", uri, payer.extension, "a.example", user, "a.example", "192.0.2.7", "Phone",
        credentials=Credentials(payer.extension, uri, answer), caller=payer,
    )  # fmt: skip


def verdict(user: str, having: CallPlan, payer: Subscriber = ANN, now: float = MONDAY_NOON) -> Verdict:
    return decide(invite(user, payer), INDEX, {payer.aor: payer}.get, lambda tenant_id: Exchange(having, now))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_numbers_outside_are_decided_as_the_table_says(case: dict[str, Any]) -> None:
    codes = Codes(
        tuple(case.get("allowed", ())),
        tuple(case.get("disallowed", ())),
        tuple(NumberClass(name) for name in case.get("permitted", ())),
    )
    payer = replace(ANN, role=case.get("role", "traveller"))
    for user in case["dialled"]:
        found = verdict(user, plan(codes=codes), payer)
        assert found.rule == case["rule"], user
        if isinstance(found, Refuse):
            assert found.code == case.get("code", 403), user


def test_every_gate_of_outside_calls_has_a_case_that_fires() -> None:
    fired = {case["rule"] for case in CASES}
    for gate in OUTSIDE_GATES:
        assert f"outbound.{gate.__name__}" in fired
        assert (gate.__doc__ or "").strip()


@given(
    user=st.text(alphabet="0123456789+%*#-();=", max_size=20), role=st.sampled_from(["inside", "nothing", "unknown"])
)
def test_without_the_right_to_call_outside_only_an_emergency_call_leaves(user: str, role: str) -> None:
    """Attack case 108: whatever is dialled, default deny."""
    found = verdict(user, plan(codes=Codes(("US", "GB"), (), tuple(NumberClass))), replace(ANN, role=role))
    assert not isinstance(found, CallOutside) or found.emergency


# Rules


def rules_for(*rules: OutboundRule, payer: Subscriber = ANN, number: str = "+4930901820") -> Verdict:
    return verdict(number, plan(rules), payer)


def test_the_lowest_order_is_asked_first_and_the_longest_prefix_is_no_excuse() -> None:
    first = OutboundRule(2, "First", 1, prefixes=("+49",), routes=(Route(1),))
    second = OutboundRule(3, "Second", 2, prefixes=("+4930",), routes=(Route(2),))
    assert rules_for(second, first) == CallOutside(
        "outbound.rule", ANN, "+4930901820", "First", (TrunkRoute(1, "+4930901820", ""),)
    )


@pytest.mark.parametrize(
    ("condition", "miss"),
    [
        ({"enabled": False}, Miss.DISABLED),
        ({"prefixes": ("+491", "+1")}, Miss.PREFIX),
        ({"lengths": (9, 12)}, Miss.LENGTH),
        ({"reaches": (Reach.INTERNATIONAL,)}, Miss.REACH),
        ({"callers": (CallerRange("102", "110"), CallerRange("1", "9"))}, Miss.CALLER),
        ({"groups": (4,)}, Miss.GROUP),
        ({"roles": ("national",)}, Miss.ROLE),
    ],
)
def test_a_rule_takes_only_calls_that_meet_every_condition(condition: dict[str, Any], miss: Miss) -> None:
    strict = replace(ANY, id=5, name="Strict", order=1, **condition)
    member = replace(ANN, groups=(3,))
    number = plan().number(read_dialled("+4930901820"))
    assert number is not None
    assert strict.miss(member, number) is miss
    found = rules_for(strict, ANY, payer=member)
    assert isinstance(found, CallOutside)
    assert found.outbound_rule == "Any"


def test_a_rule_takes_a_call_that_meets_every_condition() -> None:
    strict = OutboundRule(
        5, "Strict", 1, ("+4930", "+33"), (9, 10), (Reach.NATIONAL,), (CallerRange("100", "110"),), (3, 4),
        ("traveller", "national"), 7, (Route(1),),
    )  # fmt: skip
    found = rules_for(strict, ANY, payer=replace(ANN, groups=(3,)), number="+493090182")
    assert isinstance(found, CallOutside)
    assert found.outbound_rule == "Strict"


def test_routes_go_by_cost_and_each_writes_the_number_its_own_way() -> None:
    """strip takes characters off the canonical number, the plus being one of them; prepend comes before the rest."""
    routes = (Route(1, 1, "00", cost=2), Route(2, 3, "0", "+49301", cost=1), Route(3, cost=1))
    payer = replace(ANN, calling=Calling(caller_number="+49302"))
    found = rules_for(replace(ANY, routes=routes), payer=payer)
    assert isinstance(found, CallOutside)
    assert found.routes == (
        TrunkRoute(2, "030901820", "+49301"),
        TrunkRoute(3, "+4930901820", "+49302"),
        TrunkRoute(1, "004930901820", "+49302"),
    )


def test_outside_its_hours_a_rule_refuses_and_no_looser_rule_is_asked() -> None:
    """Reference: outside of the specified hours calls using that rule will not be permitted."""
    timed = replace(ANY, id=5, name="Day", order=1, hours=7)
    assert verdict("+4930901820", plan((timed, ANY))).rule == "outbound.rule"
    night = verdict("+4930901820", plan((timed, ANY)), now=MONDAY_NOON + 12 * 3600)
    assert night == Refuse("outbound.hours", 403, "Forbidden")
    assert verdict("+4930901820", plan((replace(timed, hours=99), ANY))).rule == "outbound.hours"


def test_ten_thousand_rules_cost_a_call_what_one_does() -> None:
    """Only rules whose prefix fits are looked at: the others are not even decoded."""
    many = tuple(OutboundRule(n, f"R{n}", n, (f"+{300_000 + n}",), routes=(Route(1),)) for n in range(1, 10_001))
    found = plan((*many, replace(ANY, id=99_999, order=99_999)))
    assert getattr(verdict("+4930901820", found), "outbound_rule", "") == "Any"
    assert len(found.rules._rules) == 1


# Emergency


@pytest.mark.parametrize("user", ["112", "110", "%31%31%32", "1-1-2", "112;phone-context=+49", "+49112"])
@pytest.mark.parametrize("role", ["nothing", "gone"])
def test_an_emergency_call_leaves_whatever_else_is_configured(user: str, role: str) -> None:
    """Attack case 113: no role, no rule, hours closed, codes forbid it, the extension is suspended."""
    suspended = replace(ANN, role=role, active=False)
    closed = plan((replace(ANY, hours=99),), Codes(disallowed=("1", "+", "112")), trunks=(4, 2), caller_number="+49309")
    found = verdict(user, closed, suspended)
    assert isinstance(found, CallOutside)
    assert found.emergency
    assert [route.trunk_id for route in found.routes] == [4, 2]
    assert {(route.number, route.caller_number) for route in found.routes} == {(found.number, "+49309")}
    assert found.number in ("110", "112")


def test_an_emergency_number_wins_over_an_extension_of_that_number() -> None:
    other = replace(ANN, aor="112@a.example")
    find = {ANN.aor: ANN, other.aor: other}.get
    judge = judge_with(INDEX, find, lambda tenant_id: Exchange(plan(trunks=(1,)), MONDAY_NOON))
    assert judge(ANN, ANN, "112").rule == "outbound.emergency"


@pytest.mark.parametrize(
    ("country", "numbers", "service", "number"),
    [
        ("DE", ("110", "112"), "sos", "112"),
        ("DE", ("110", "112"), "sos.police", "110"),
        ("DE", ("110", "112"), "SOS.country-specific.de.115", "112"),
        ("US", ("112", "911"), "sos.fire", "911"),
        ("AU", ("000", "106", "112"), "sos", "000"),
        ("JP", ("110", "119"), "sos.ambulance", "119"),
        ("NZ", ("111",), "sos.police", "111"),
        ("EG", ("122", "123", "180"), "sos", "122"),
        ("", ("112", "911"), "sos", "112"),
    ],
)
def test_a_service_urn_is_an_emergency_call_to_the_countrys_number(
    country: str, numbers: tuple[str, ...], service: str, number: str
) -> None:
    """RFC 5031: phones name the service. No role is asked, nor whether the extension is active."""
    settings = Settings(number_plan(country), emergency=EmergencyPlan(numbers))
    having = decode_plan(encode_plan(settings, []), world())
    found = verdict(f"urn:service:{service}", having, replace(ANN, role="nothing", active=False))
    assert isinstance(found, CallOutside)
    assert (found.emergency, found.number) == (True, number)


@pytest.mark.parametrize("urn", ["urn:service:counseling", "urn:service:sosumi", "urn:nena:service:sos", "sos"])
def test_no_other_urn_is_an_emergency_call(urn: str) -> None:
    assert isinstance(verdict(urn, plan()), Refuse)


def test_who_is_not_proved_makes_no_emergency_call() -> None:
    request = invite("112", answer=Answer.WRONG)
    assert decide(request, INDEX, NOBODY.get, lambda tenant_id: Exchange(plan(), 0.0)).rule == "identity.authenticated"


def test_without_a_plan_no_call_leaves() -> None:
    found = decide(invite("030901820"), INDEX, NOBODY.get)
    assert (found.rule, getattr(found, "code", 0)) == ("route.no_rule", 404)
