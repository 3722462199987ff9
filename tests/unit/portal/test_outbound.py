"""Codes and E164, office hours, outbound rules and their explanation over REST (reference: "Outbound Route
Permissions", "Office Hours for Outbound Rules")."""

from typing import Any

import pytest

from ringfence.policy.outgoing.callplan import WORLD_KEY, CallPlan, decode_plan, decode_world, plan_key
from ringfence.policy.outgoing.numberplan import NumberClass
from ringfence.portal import places
from ringfence.store.reader import PolicyReader
from tests.unit.portal.rest import Rest, Site

ROUTE = {"trunk_id": 1}
SPAN = {"weekday": 1, "start": 1, "end": 60}


@pytest.fixture(autouse=True)
def no_trunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about rules; trunks are whatever a rule names."""
    monkeypatch.setattr("ringfence.portal.outbound.changes._trunk_ids", lambda tenant: None)


def in_force(site: Site, name: str = "a") -> CallPlan:
    """The plan as workers read it."""
    reader = PolicyReader(places.POLICY)
    plan, world = reader.lookup(plan_key(site.tenants[name])), reader.lookup(WORLD_KEY)
    reader.close()
    assert plan is not None
    return decode_plan(plan, decode_world(world or b'{"codes":{}}'))


def germany(site: Site, **plan: Any) -> Rest:
    status, _ = site.a.call("PATCH", f"tenants/{site.tenants['a']}/number-plan", {"country": "DE", **plan})
    assert status == 200
    return site.a


def rule(site: Site, name: str, order: int, **wish: Any) -> Any:
    wish = {"routes": [ROUTE], **wish}
    return site.a.post("outbound-rules", tenant_id=site.tenants["a"], name=name, order=order, **wish)


def test_a_new_tenant_calls_nowhere_but_for_help(site: Site) -> None:
    plan = in_force(site)
    assert plan.permitted == {NumberClass.ORDINARY}
    assert (plan.allowed_countries, plan.rules.raw) == (frozenset(), [])
    assert plan.emergency_numbers == {"112", "911"}


def test_the_number_plan_reaches_the_workers(site: Site) -> None:
    a = germany(site, area_code="30", permitted=["premium"], emergency_trunks=[3], emergency_caller="+49309")
    plan = in_force(site)
    assert (plan.numbers.calling_code, plan.numbers.area_code) == ("49", "30")
    assert plan.emergency_numbers == {"110", "112"}
    assert plan.permitted == {NumberClass.ORDINARY, NumberClass.PREMIUM}
    assert (plan.emergency.trunks, plan.emergency.caller_number) == ((3,), "+49309")
    site.admin.post("emergency-numbers", tenant_id=site.tenants["a"], number="19222", description="Ambulance")
    assert "19222" in in_force(site).emergency_numbers
    shown = a.get(f"tenants/{site.tenants['a']}/number-plan")
    assert (shown["calling_code"], shown["emergency_numbers"]) == ("49", ["110", "112"])


def test_a_tenant_frees_no_number_of_its_limits_by_calling_it_an_emergency(site: Site) -> None:
    """Attack cases, group F: calls for help are never limited, and no budget ends them."""
    wish = {"tenant_id": site.tenants["a"], "number": "11880", "description": "Ambulance"}
    refusal = germany(site).refusal("POST", "emergency-numbers", wish)
    assert (refusal["status"], refusal["field"]) == (403, "number")
    assert "11880" not in in_force(site).emergency_numbers


def test_codes_mean_the_canonical_number_however_they_are_written(site: Site) -> None:
    a = germany(site)
    for prefix in ("+44", "001900", "0900", "118"):
        a.post("disallowed-codes", tenant_id=site.tenants["a"], prefix=prefix)
    assert in_force(site).disallowed == {"+44", "+1900", "+49900", "118"}
    a.post("allowed-country-codes", tenant_id=site.tenants["a"], country="US")
    assert in_force(site).allowed_countries == {"US"}
    row = a.get("allowed-country-codes")["items"][0]
    assert (row["country"], row["calling_code"]) == ("US", "1")
    assert a.call("DELETE", f"allowed-country-codes/{row['id']}")[0] == 204
    assert not in_force(site).allowed_countries


@pytest.mark.parametrize(
    ("path", "wish", "field"),
    [
        ("allowed-country-codes", {"country": "XX"}, "country"),
        ("disallowed-codes", {"prefix": "ann"}, "prefix"),
        ("disallowed-codes", {"prefix": "+44;ext=1"}, "prefix"),
        ("emergency-numbers", {"number": "1"}, "number"),
        ("office-hours", {"name": "x", "spans": []}, "spans"),
        ("office-hours", {"name": "x", "spans": [{"weekday": 1, "start": 60, "end": 60}]}, "spans"),
        ("office-hours", {"name": "x", "spans": [SPAN], "time_zone": "X"}, "time_zone"),
        ("office-hours", {"name": "x", "spans": [SPAN], "closed": ["2026-02-30"]}, "closed"),
        ("outbound-rules", {"name": "x", "order": 1, "routes": []}, "routes"),
        ("outbound-rules", {"name": "", "order": 1, "routes": [ROUTE]}, "name"),
        ("outbound-rules", {"name": "x", "order": 1, "routes": [ROUTE], "prefixes": ["x"]}, "prefixes"),
        ("outbound-rules", {"name": "x", "order": 1, "routes": [ROUTE], "callers": ["110-101"]}, "callers"),
        ("outbound-rules", {"name": "x", "order": 1, "routes": [ROUTE], "reaches": ["internal"]}, "reaches"),
        ("outbound-rules", {"name": "x", "order": 1, "routes": [ROUTE], "groups": [99]}, "groups"),
        ("outbound-rules", {"name": "x", "order": 1, "routes": [ROUTE], "availability": "general"}, "availability"),
        ("outbound-rules", {"name": "x", "order": 1, "routes": [ROUTE], "availability": "own"}, "office_hours_id"),
        ("outbound-rules", {"name": "x", "order": 1, "routes": [{**ROUTE, "prepend": "abc"}]}, "routes"),
    ],
)  # fmt: skip
def test_nonsense_names_its_field(site: Site, path: str, wish: dict[str, Any], field: str) -> None:
    refusal = site.a.refusal("POST", path, {"tenant_id": site.tenants["a"], **wish})
    assert (refusal["status"], refusal["field"]) == (422, field)


def test_a_tie_of_order_is_refused(site: Site) -> None:
    """Reference: a tie is arbitrary elsewhere; here there is none."""
    rule(site, "First", 10)
    wish = {"tenant_id": site.tenants["a"], "name": "Second", "order": 10, "routes": [ROUTE]}
    refusal = site.a.refusal("POST", "outbound-rules", wish)
    assert (refusal["status"], refusal["field"]) == (409, "order")


def test_a_rule_reaches_the_workers_as_it_is_meant(site: Site) -> None:
    a = germany(site)
    group = a.post("groups", tenant_id=site.tenants["a"], name="Sales")["id"]
    roles = {role["name"]: role["id"] for role in a.get("roles")["items"]}
    hours = a.post("office-hours", tenant_id=site.tenants["a"], name="Day", is_general=True,
                   spans=[{"weekday": 0, "start": 480, "end": 1020}])  # fmt: skip
    rule(site, "Local", 5, prefixes=["030", "+4989"], lengths=[11], reaches=["national"], callers=["101-110", "199"],
         groups=[group], roles=[roles["Standard International User"]], availability="general",
         routes=[{"trunk_id": 4, "strip": 1, "prepend": "00", "caller_number": "+49301", "cost": 2.5}])  # fmt: skip
    found = in_force(site).rules.rule(0)
    assert (found.prefixes, found.lengths, found.hours) == (("+4930", "+4989"), (11,), hours["id"])
    assert (found.groups, found.roles) == ((group,), ("Standard International User",))
    assert [(part.first, part.last) for part in found.callers] == [("101", "110"), ("199", "199")]
    assert (found.routes[0].trunk_id, found.routes[0].prepend, found.routes[0].cost) == (4, "00", 2.5)


def test_a_rule_whose_only_group_is_gone_takes_nobody(site: Site) -> None:
    germany(site)
    group = site.a.post("groups", tenant_id=site.tenants["a"], name="Sales")["id"]
    rule(site, "Sales only", 5, groups=[group])
    assert site.a.call("DELETE", f"groups/{group}")[0] == 204
    assert in_force(site).rules.rule(0).groups == (group,)


def test_hours_in_use_stay(site: Site) -> None:
    a = germany(site)
    wish = {"tenant_id": site.tenants["a"], "spans": [{"weekday": 0, "start": 480, "end": 1020}]}
    own = a.post("office-hours", name="Own", **wish)["id"]
    general = a.post("office-hours", name="General", is_general=True, **wish)["id"]
    rule(site, "Own", 1, availability="own", office_hours_id=own)
    rule(site, "General", 2, availability="general")
    assert a.refusal("DELETE", f"office-hours/{own}")["status"] == 409
    assert a.refusal("DELETE", f"office-hours/{general}")["status"] == 409
    assert a.refusal("PATCH", f"office-hours/{general}", {"is_general": False})["status"] == 409
    status, changed = a.call("PATCH", f"office-hours/{own}", {"closed": ["2026-12-24", "--12-31"]})
    assert (status, changed["closed"]) == (200, ["2026-12-24", "--12-31"])
    assert len(in_force(site).hours[own].closed) > 5


def test_a_tenant_s_time_zone_moves_its_office_hours(site: Site) -> None:
    hours = site.a.post("office-hours", tenant_id=site.tenants["a"], name="Day",
                        spans=[{"weekday": 0, "start": 480, "end": 1020}])["id"]  # fmt: skip
    assert {item.seconds for item in in_force(site).hours[hours].offsets} == {0}
    site.a.call("PATCH", f"tenants/{site.tenants['a']}", {"time_zone": "Europe/Berlin"})
    assert {item.seconds for item in in_force(site).hours[hours].offsets} == {3600, 7200}


def asked(caller: Rest, number: str, at: str = "") -> Any:
    return caller.post("outbound-rules/explain", caller="100@a.example", number=number, at=at)


def test_the_explanation_is_the_verdict_of_the_rules_in_force(site: Site) -> None:
    a = germany(site)
    rule(site, "Switched off", 1, enabled=False)
    rule(site, "Munich", 2, prefixes=["089"])
    rule(site, "Everything", 3)
    found = asked(a, "030-90(18)20")
    assert (found["number"], found["country"], found["outbound_rule"]) == ("+4930901820", "DE", "Everything")
    assert [(item["rule"], item["why"]) for item in found["passed_over"]] == [
        ("Switched off", "disabled"), ("Munich", "prefix"),
    ]  # fmt: skip
    assert found["routes"][0]["number"] == "+4930901820"
    assert asked(a, "112")["verdict"] == "outbound.emergency"
    assert asked(a, "+442071838750")["verdict"] == "outbound.country"
    assert asked(a, "101")["verdict"] == "route.extension"


def test_the_explanation_can_be_about_another_time(site: Site) -> None:
    a = germany(site)
    a.post("office-hours", tenant_id=site.tenants["a"], name="Day", is_general=True,
           spans=[{"weekday": 0, "start": 480, "end": 1020}])  # fmt: skip
    rule(site, "Day", 1, availability="general")
    rule(site, "Looser", 2)
    assert asked(a, "030901820", "2026-01-05T12:00+00:00")["verdict"] == "outbound.rule"
    closed = asked(a, "030901820", "2026-01-05T22:00:00Z")
    assert (closed["verdict"], closed["code"], closed["outbound_rule"]) == ("outbound.hours", 403, "Day")
    nonsense = {"caller": "100@a.example", "number": "1", "at": "soon"}
    assert a.refusal("POST", "outbound-rules/explain", nonsense)["field"] == "at"


def test_nobody_asks_about_another_tenant_s_calls(site: Site) -> None:
    refusal = site.b.refusal("POST", "outbound-rules/explain", {"caller": "100@a.example", "number": "112"})
    assert (refusal["status"], refusal["field"]) == (404, "caller")


def test_a_tenant_goes_with_all_its_rules_and_hours(site: Site) -> None:
    germany(site)
    hours = site.a.post("office-hours", tenant_id=site.tenants["a"], name="Day", spans=[SPAN])["id"]
    rule(site, "Day", 1, availability="own", office_hours_id=hours)
    assert site.admin.call("DELETE", f"tenants/{site.tenants['a']}")[0] == 204
    reader = PolicyReader(places.POLICY)
    assert reader.lookup(plan_key(site.tenants["a"])) is None
    reader.close()
