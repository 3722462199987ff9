"""A person with an extension sees the own phones and calls, and nothing of anybody else."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from ringfence.portal.calls.models import CallRecord
from ringfence.portal.people.models import Person
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.test_pages import browser

NOW = datetime.now(UTC)


@pytest.fixture
def user(site: Site) -> Client:
    person = Person.objects.get(username="101@a.example")
    person.set_password(PASSWORD)
    person.must_change_password = False
    person.save()
    return browser("101@a.example")


def call(site: Site, call_id: str, caller: str, dialled: str, tenant: str = "a") -> None:
    CallRecord.objects.create(
        call_id=call_id, tenant_id=site.tenants[tenant], caller=caller, dialled=dialled, callee="",
        started_at=NOW, ended_at=NOW,
    )  # fmt: skip


def test_the_front_page_is_the_own_extension(site: Site, user: Client) -> None:
    assert user.get("/", secure=True).headers["Location"] == "/my"
    page = user.get("/my", secure=True).content.decode()
    assert "101" in page
    assert "a.example" in page
    for hidden in ('href="/users"', 'href="/cdrs"', 'href="/tenants"', 'href="/web-access"'):
        assert hidden not in page


@pytest.mark.parametrize(
    "path", ["/users", "/users/import", "/cdrs", "/cdrs/days.json", "/registrations", "/calls", "/web-access",
             "/audit-log", "/dashboard/numbers"],
)  # fmt: skip
def test_pages_of_administrators_are_closed(site: Site, user: Client, path: str) -> None:
    assert user.get(path, secure=True).status_code == 403


def test_only_the_own_calls_are_listed_and_exported(site: Site, user: Client) -> None:
    call(site, "made", "101@a.example", "555-made")
    call(site, "taken", "100@a.example", "101")
    call(site, "foreign", "100@a.example", "777-foreign")
    call(site, "other-tenant", "101@b.example", "101", "b")
    for path in ("/my/calls", "/my/calls?format=csv", "/my/calls?search=foreign"):
        text = user.get(path, secure=True).content.decode()
        assert "777-foreign" not in text
        assert "101@b.example" not in text
    page = user.get("/my/calls?format=csv", secure=True).content.decode()
    assert page.count("\r\n") == 3


def test_only_the_own_phones_are_listed(site: Site, user: Client) -> None:
    contact = {"uri": "sip:x", "expires_at": 2e9, "source": "192.0.2.9"}
    site.guard.answers["registrations.list"] = [
        {"aor": aor, "source": "192.0.2.1", "user_agent": f"phone of {aor}", "contacts": [contact]}
        for aor in ("101@a.example", "1010@a.example", "101@b.example")
    ]
    page = user.get("/my/devices", secure=True).content.decode()
    assert "phone of 101@a.example" in page
    assert page.count("phone of") == 1


def test_who_has_no_extension_has_no_page_of_it(site: Site) -> None:
    assert browser().get("/my", secure=True).status_code == 404


def test_the_settings_of_a_new_secret_come_with_a_picture(site: Site) -> None:
    client = browser("100@a.example")
    page = client.post(f"/users/{site.users['101@a.example']}/sip-secret", secure=True).content.decode()
    assert 'src="data:image/svg+xml' in page
    assert 'id="secret"' in page
