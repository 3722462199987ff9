"""Calls that are started and ended from the portal and over REST: with the right, in the own tenant, audited."""

import pytest

from ringfence.portal.audit.models import Entry
from ringfence.portal.people.models import Person
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.test_pages import browser

TALKING = {
    "call_id": "c-1", "caller": "101@b.example", "callee": "100@b.example", "dialled": "100", "state": "answered",
    "started_at": 1.0, "answered_at": 2.0,
}  # fmt: skip


def test_a_call_is_started_for_an_extension_and_audited(site: Site) -> None:
    site.guard.answers["calls.start"] = {"aor": "101@a.example", "number": "+4930", "device": "sip:101@192.0.2.1"}
    status, told = site.a.call("POST", "calls", {"user_id": site.users["101@a.example"], "number": "+49 30"})
    assert (status, told["number"]) == (202, "+4930")
    assert ("calls.start", {"aor": "101@a.example", "number": "+4930"}) in site.guard.asked
    assert Entry.objects.order_by("-pk")[0].action == "call.started_for"


def test_nobody_starts_a_call_of_another_tenant_or_to_nonsense(site: Site) -> None:
    theirs = {"user_id": site.users["101@b.example"], "number": "100"}
    assert site.a.refusal("POST", "calls", theirs)["status"] == 404
    ours = {"user_id": site.users["101@a.example"], "number": "sip:1@evil.example"}
    assert site.a.refusal("POST", "calls", ours)["error_id"] == "calls.number"
    assert "calls.start" not in site.guard.verbs()


def test_what_the_guard_refuses_is_told(site: Site) -> None:
    site.guard.errors["calls.start"] = ("calls.offline", "aor", "No phone is registered as 101@a.example.")
    body = {"user_id": site.users["101@a.example"], "number": "100"}
    assert site.a.refusal("POST", "calls", body)["error_id"] == "calls.offline"


def test_only_the_tenants_own_calls_are_ended(site: Site) -> None:
    """Case 40: barging in and cutting off."""
    site.guard.answers["calls.list"] = [{**TALKING, "tenant_id": site.tenants["b"]}]
    site.guard.answers["calls.hang-up"] = {"call_id": "c-1"}
    assert site.a.refusal("DELETE", "calls/c-1")["status"] == 404
    assert "calls.hang-up" not in site.guard.verbs()
    assert site.b.call("DELETE", "calls/c-1")[0] == 204
    assert "calls.hang-up" in site.guard.verbs()
    assert Entry.objects.order_by("-pk")[0].action == "call.hung_up"


@pytest.mark.parametrize("ends", [True, False])
def test_the_page_ends_a_call_for_whoever_may(site: Site, ends: bool) -> None:
    site.guard.answers["calls.list"] = [{**TALKING, "tenant_id": site.tenants["a"]}]
    site.guard.answers["calls.hang-up"] = {"call_id": "c-1"}
    if not ends:
        site.guard.errors["calls.hang-up"] = ("calls.unknown", "call_id", "c-1 is no answered call.")
    client = browser("100@a.example")
    assert "/calls/c-1/hang-up" in client.get("/calls", secure=True).content.decode()
    page = client.post("/calls/c-1/hang-up", secure=True, follow=True).content.decode()
    assert ("The call is ended." in page) is ends


def test_users_call_with_their_own_phone(site: Site) -> None:
    person = Person.objects.get(username="101@a.example")
    person.set_password(PASSWORD)
    person.must_change_password = False
    person.save()
    user = browser("101@a.example")
    site.guard.answers["calls.start"] = {"aor": "101@a.example", "number": "100", "device": "x"}
    assert "Your phone rings now" in user.post("/my/call", {"number": "100"}, secure=True, follow=True).content.decode()
    assert ("calls.start", {"aor": "101@a.example", "number": "100"}) in site.guard.asked
    assert "A number is" in user.post("/my/call", {"number": "x"}, secure=True, follow=True).content.decode()
    assert user.post("/calls/c-1/hang-up", secure=True).status_code == 403
