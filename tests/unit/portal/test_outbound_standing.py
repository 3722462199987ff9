"""What would stop a call at this moment, told by the explanation of outbound rules (reference: "Outbound Route
Permissions"): trunks that do not answer or may not be used, suspensions, and the number that is really shown."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.rest import Site
from tests.unit.portal.test_outbound import asked, germany
from tests.unit.portal.test_trunks import CARRIER, PROVIDER

NUMBER = "030901820"


@pytest.fixture
def trunks(site: Site) -> list[int]:
    """Two trunks and one rule for both, which wishes a number that the first does not own."""
    made = [site.admin.post("trunks", **wish)["id"] for wish in (PROVIDER, {**CARRIER, "numbers": ["+4940*"]})]
    routes = [{"trunk_id": one, "caller_number": "+4940123"} for one in made]
    germany(site).post("outbound-rules", tenant_id=site.tenants["a"], name="All", order=1, routes=routes)
    return made


def told_down(guard: FakeGuard, trunk: int, *addresses: str) -> None:
    answer = guard.answers.setdefault("trunks.list", {})
    answer.update({f"{trunk} {address}": {"state": "down"} for address in addresses})


def states(found: dict[str, Any]) -> list[str]:
    return [route["state"] for route in found["routes"]]


def test_the_number_shown_is_one_that_the_trunk_owns(site: Site, trunks: list[int]) -> None:
    found = asked(site.a, NUMBER)
    assert [route["caller_number"] for route in found["routes"]] == ["+493012300", "+4940123"]
    assert (states(found), found["objection"]) == (["ready", "ready"], None)


def test_a_trunk_is_down_when_none_of_its_addresses_answers(site: Site, guard: FakeGuard, trunks: list[int]) -> None:
    told_down(guard, trunks[0], "198.51.100.10:5060")
    assert states(asked(site.a, NUMBER)) == ["ready", "ready"]
    told_down(guard, trunks[0], "198.51.100.11:5070")
    found = asked(site.a, NUMBER)
    assert (states(found), found["objection"]) == (["down", "ready"], None)
    told_down(guard, trunks[1], "203.0.113.1:5060")
    found = asked(site.a, NUMBER)
    assert (states(found), found["objection"]["verdict"], found["objection"]["code"]) == (
        ["down", "down"], "trunk.none", 480,
    )  # fmt: skip
    assert states(asked(site.a, NUMBER, "2026-01-05T12:00:00Z")) == ["ready", "ready"], "another moment: not known"
    assert asked(site.a, "112")["objection"] is None or not asked(site.a, "112")["routes"]


def test_a_trunk_that_is_switched_off_is_told_as_closed(site: Site, trunks: list[int]) -> None:
    for trunk in trunks:
        site.admin.call("PATCH", f"trunks/{trunk}", {"enabled": False})
    found = asked(site.a, NUMBER)
    assert (states(found), found["objection"]["verdict"]) == (["closed", "closed"], "trunk.none")


@pytest.mark.parametrize("owner", ["extension:100@a.example", "tenant:{tenant}", "both trunks"])
def test_a_suspension_is_told(site: Site, guard: FakeGuard, trunks: list[int], owner: str) -> None:
    """Of one trunk it leaves the other; an emergency call has none (attack cases, group F)."""
    owners = [f"trunk:{one}" for one in trunks] if "both" in owner else [owner.format(tenant=site.tenants["a"])]
    guard.answers["budgets.suspended"] = [{"owner": owners[0]}] if len(owners) > 1 else []
    assert asked(site.a, NUMBER)["objection"] is None
    guard.answers["budgets.suspended"] = [{"owner": one} for one in owners]
    assert asked(site.a, NUMBER)["objection"]["verdict"] == "spend.suspended"
    printed = StringIO()
    call_command("explain", "100@a.example", NUMBER, stdout=printed)
    assert "suspended at the moment" in printed.getvalue()
    assert ", shown +493012300" in printed.getvalue()


def test_a_guard_that_does_not_answer_leaves_the_rules(site: Site, guard: FakeGuard, trunks: list[int]) -> None:
    for verb in ("trunks.list", "budgets.suspended"):
        guard.errors[verb] = ("busy", "", "Not now.")
    found = asked(site.a, NUMBER)
    assert (found["verdict"], states(found), found["objection"]) == ("outbound.rule", ["ready", "ready"], None)


@pytest.mark.parametrize("number", ["+4930155", "4930155"])
def test_nobody_calls_with_the_number_of_another_tenant(site: Site, number: str) -> None:
    """Case 95: the trunk is shared and may show both tenants' numbers, so it would not stop that."""
    trunk = site.admin.post("trunks", **{**CARRIER, "numbers": ["+4930*"]})["id"]
    for name, first, last in (("a", "+4930100", "+4930149"), ("b", "+4930150", "+4930199")):
        pool = {"tenant_id": site.tenants[name], "trunk_id": trunk, "first": first, "last": last}
        site.admin.post("number-pools", **pool)
    wish = {"tenant_id": site.tenants["a"], "name": "All", "order": 1}
    for caller in (site.a, site.admin):
        stolen = {**wish, "routes": [{"trunk_id": trunk, "caller_number": number}]}
        refused = caller.refusal("POST", "outbound-rules", stolen)
        assert (refused["error_id"], refused["field"]) == ("calling.not_yours", "routes")
        plan = f"tenants/{site.tenants['a']}/number-plan"
        assert caller.refusal("PATCH", plan, {"emergency_caller": number})["field"] == "emergency_caller"
    own = {**wish, "routes": [{"trunk_id": trunk, "caller_number": "+4930101"}]}
    assert site.a.post("outbound-rules", **own)["routes"][0]["caller_number"] == "+4930101"
