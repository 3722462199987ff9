"""Forwards and do not disturb are set by the user and by administrators (reference: "Extension Security")."""

import pytest
from django.test import Client

from ringfence.policy.book import Subscriber
from ringfence.portal.audit.models import Entry
from ringfence.portal.people.models import Extension, Person
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.signing_in import signed_in_browser
from tests.unit.portal.store import policy
from tests.unit.portal.test_pages import browser

USUAL = {
    "forward_always": "", "forward_busy": "", "forward_no_answer": "", "forward_offline": "", "ring_seconds": 25,
    "do_not_disturb": False, "call_waiting": True,
}  # fmt: skip


def published(aor: str) -> Subscriber:
    with policy() as reader:
        found = reader.subscriber(aor)
    assert found is not None
    return found


def path(site: Site, aor: str = "101@a.example") -> str:
    return f"users/{site.users[aor]}/calling"


def test_what_is_set_is_in_force_and_audited(site: Site) -> None:
    assert site.a.get(path(site)).items() >= USUAL.items()
    status, answer = site.a.call("PATCH", path(site), {"forward_busy": "+49 (30) 123-45", "do_not_disturb": True})
    assert (status, answer["forward_busy"], answer["do_not_disturb"]) == (200, "+493012345", True)
    subscriber = published("101@a.example")
    assert subscriber.calling.forward_busy == "+493012345"
    assert Entry.objects.order_by("-pk")[0].action == "user.calling_changed"
    site.a.call("PATCH", path(site), {"forward_busy": "", "do_not_disturb": False})
    assert Extension.objects.get(number="101", tenant__domain="a.example").calling == {}


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("forward_always", "101", "forward.own_number"),
        ("forward_always", "sip:1@evil.example", "forward.number"),
        ("forward_busy", "ann", "forward.number"),
        ("forward_offline", "٣٤٥", "forward.number"),
        ("forward_busy", "112", "forward.emergency"),
        ("ring_seconds", 4, "forward.ring_seconds"),
        ("ring_seconds", 121, "forward.ring_seconds"),
    ],
)
def test_nonsense_is_refused_with_the_field(site: Site, field: str, value: object, rule: str) -> None:
    refused = site.a.refusal("PATCH", path(site), {field: value})
    assert (refused["status"], refused["error_id"], refused["field"]) == (422, rule, field)


def test_users_set_their_own_and_nobody_elses(site: Site) -> None:
    person = Person.objects.get(username="101@a.example")
    person.set_password(PASSWORD)
    person.must_change_password = False
    person.save()
    user: Client = browser("101@a.example")
    sent = user.post("/my/calling", {"forward_always": "100", "ring_seconds": "30", "call_waiting": "on"}, secure=True)
    assert (sent.status_code, sent.headers["Location"]) == (302, "/my")
    assert published("101@a.example").calling.forward_always == "100"
    assert "100" in user.get("/my", secure=True).content.decode()
    assert user.post("/my/calling", {"forward_always": "x", "ring_seconds": "30"}, secure=True).status_code == 422
    assert user.get(f"/users/{site.users['100@a.example']}/calling", secure=True).status_code == 403


def test_administrators_have_the_same_page(site: Site) -> None:
    client = browser("100@a.example")
    page = f"/users/{site.users['101@a.example']}"
    assert (
        client.post(f"{page}/calling", {"do_not_disturb": "on", "ring_seconds": "25"}, secure=True).status_code == 302
    )
    assert published("101@a.example").calling.do_not_disturb
    assert not published("101@a.example").calling.call_waiting
    assert f"{page}/calling" in client.get(page, secure=True).content.decode()


def test_the_number_shown_outside_is_one_of_the_tenants_and_set_by_administrators(site: Site) -> None:
    """Caller identity: nobody shows the number of another tenant at the same carrier (issue: trunks)."""
    sources = [{"cidr": "203.0.113.9", "port": 0}]
    trunk = site.admin.post("trunks", name="Carrier", kind="address", sources=sources, numbers=["+4930*"])["id"]
    for name, first in (("a", "+4930100"), ("b", "+4930200")):
        site.admin.post("number-pools", tenant_id=site.tenants[name], trunk_id=trunk, first=first)
    path = f"users/{site.users['101@a.example']}/calling"
    for number, rule in (("+4930200", "calling.not_yours"), ("030100", "calling.caller_number")):
        refused = site.a.refusal("PATCH", path, {"caller_number": number})
        assert (refused["field"], refused["error_id"]) == ("caller_number", rule)
    assert site.a.call("PATCH", path, {"caller_number": "+4930100"})[1]["caller_number"] == "+4930100"
    assert site.a.call("PATCH", path, {"caller_number": None})[1]["caller_number"] == ""
    pages = signed_in_browser("100@a.example")
    page = f"/users/{site.users['101@a.example']}/calls"
    assert pages.post(page, {"max_calls": "2", "caller_number": "+4930100"}, secure=True).status_code == 302
    assert b"+4930100" in pages.get(page, secure=True).content
