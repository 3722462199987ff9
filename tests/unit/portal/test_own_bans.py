"""Tenant administrators see and lift the bans that concern their people (issue 4, 7)."""

from ringfence.portal.audit.models import Entry
from ringfence.portal.people.models import Person
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.signing_in import get, signed_in_browser

BAN = {
    "address": "198.51.100.7",
    "scope": "sip",
    "rule": "antihacking.failed_authentication",
    "since": 1.0,
    "until": 4000000000.0,
    "seconds_left": 1800.0,
    "accounts": ["101@a.example"],
    "phones": ["100@a.example"],
    "may_lift": True,
}


def test_the_page_shows_them_and_lifts(site: Site) -> None:
    """Issue 4, 7 and 8. The guard is asked for the own domain, and the lift is in the tenant's audit log."""
    site.guard.answers["bans.own"] = [BAN]
    browser = signed_in_browser("100@a.example")
    page = get(browser, "/blocked-addresses").content.decode()
    assert "198.51.100.7" in page and "101@a.example" in page and "30 min" in page
    answer = browser.post("/blocked-addresses/lift", {"address": "198.51.100.7"}, secure=True)
    assert answer["Location"] == "/blocked-addresses"
    asked = dict(site.guard.asked)
    assert asked["bans.own"]["domain"] == "a.example"
    assert asked["bans.lift-own"] | {"by": ""} == {"address": "198.51.100.7", "domain": "a.example", "by": ""}
    assert Entry.objects.get(action="ban.lifted").tenant_id == site.tenants["a"]


def test_rest_does_the_same_and_the_guard_has_the_last_word(site: Site) -> None:
    """Issue 4, 9. What the guard refuses is refused, with its field and rule; nothing is written then."""
    site.guard.answers["bans.own"] = [BAN]
    assert site.a.get("own-bans")["items"][0]["address"] == "198.51.100.7"
    site.guard.errors["bans.lift-own"] = ("bans.not_yours", "address", "It is not yours alone.")
    refusal = site.a.refusal("POST", "own-bans/lift", {"address": "198.51.100.7"})
    assert (refusal["field"], refusal["error_id"]) == ("address", "bans.not_yours")
    assert not Entry.objects.filter(action="ban.lifted").exists()


def test_another_tenant_is_not_asked_about(site: Site) -> None:
    """W95. The domain comes from the tenant of the token; naming another one is refused before the guard hears it."""
    other = site.tenants["b"]
    assert site.a.refusal("GET", f"own-bans?tenant_id={other}")["status"] == 422
    assert site.a.refusal("POST", "own-bans/lift", {"address": "198.51.100.7", "tenant_id": other})["status"] == 422
    assert not {"bans.own", "bans.lift-own"} & set(site.guard.verbs())


def test_an_ordinary_user_has_no_such_page(site: Site) -> None:
    """Absence denies: without the permission neither page nor menu entry."""
    person = Person.objects.get(username="101@a.example")
    person.set_password(PASSWORD)
    person.must_change_password = False
    person.save()
    browser = signed_in_browser("101@a.example")
    assert get(browser, "/blocked-addresses").status_code == 403
    assert "/blocked-addresses" not in get(browser, "/my").content.decode()


def test_the_list_of_all_bans_is_paged_by_the_guard(site: Site) -> None:
    """Issue 4, 9. `after` is the guard's own place; a place of another list is refused."""
    site.guard.answers["bans.list"] = [BAN]
    assert site.admin.get("bans?limit=1")["count"] == 1
    assert dict(site.guard.asked)["bans.page"] == {"after": "", "limit": 1}
    assert site.admin.refusal("GET", "bans?after=WzFd")["field"] == "after"
    assert site.admin.refusal("GET", "bans?offset=501")["field"] == "offset"
