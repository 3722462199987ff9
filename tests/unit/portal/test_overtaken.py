"""Two people at one form: nobody undoes what the other has set without hearing of it."""

import re
from typing import Any, Final

import pytest
from django.test import Client

from ringfence.portal import places
from ringfence.portal.people.models import Person
from tests.unit.portal.fakeguard import answering
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser
from tests.unit.portal.web_access_state import STATE


def seen_on(client: Client, path: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', client.get(path, secure=True).content.decode())
    assert found
    return found[1]


def test_who_left_is_not_made_active_again_by_a_form_that_was_open(site: Site) -> None:
    client, path = browser(), f"/users/{site.users['101@a.example']}"
    wish = {"display_name": "Bob", "role": "Standard User", "active": "on", "seen": seen_on(client, path)}
    site.admin.call("PATCH", path.removeprefix("/"), {"active": False})
    refused = client.post(path, wish, secure=True)
    assert refused.status_code == 422
    assert "Somebody else changed this" in refused.content.decode() and 'value="Bob"' in refused.content.decode()
    assert not Person.objects.get(username="101@a.example").is_active
    knowing = {**wish, "seen": seen_on(client, path)}
    assert client.post(path, knowing, secure=True).status_code == 302
    assert Person.objects.get(username="101@a.example").is_active


def test_a_form_that_nobody_overtook_is_taken(site: Site) -> None:
    client, path = browser(), f"/users/{site.users['101@a.example']}"
    wish = {"display_name": "Bob", "role": "Standard User", "active": "on"}
    assert client.post(path, {**wish, "seen": seen_on(client, path)}, secure=True).status_code == 302
    assert client.post(path, wish, secure=True).status_code == 302


MADE: Final[dict[str, dict[str, Any]]] = {
    "groups": {"name": "Sales"},
    "office-hours": {"name": "Usual", "spans": [{"weekday": 0, "start": 540, "end": 1020}]},
    "ring-groups": {"name": "Reception", "number": "600", "members": ["101"]},
    "roles": {"name": "Desk", "permissions": ["users.read"]},
    "users": {"extension": "105", "display_name": "Eva", "role": "Standard User"},
    "outbound-rules": {"name": "All", "order": 1, "routes": []},
    "trunks": {"name": "T", "kind": "address", "hosts": [{"host": "192.0.2.1", "port": 5060}], "sources": []},
}
"""What is made first, in the tenant where it belongs to one."""
WHERE_TWO_MEET: Final = [
    ("groups/{id}", "groups/{id}", {"description": "They sell"}),
    ("office-hours/{id}", "office-hours/{id}", {"closed": ["2026-12-24"]}),
    ("ring-groups/{id}", "ring-groups/{id}", {"ring_seconds": 40}),
    ("roles/{id}", "roles/{id}", {"permissions": ["users.read", "calls.read"]}),
    ("users/{id}/calling", "users/{id}/calling", {"do_not_disturb": True}),
    ("users/{id}/calls", "users/{id}/calling", {"max_calls": 3}),
    ("tenants/{tenant}", "tenants/{tenant}", {"max_extensions": 7}),
    ("password-policy?tenant={tenant}", "password-policy?tenant_id={tenant}", {"shortest": 14}),
    ("firewall", "firewall-plan", {"ssh": ["192.0.2.0/24"]}),
    ("security/anti-hacking", "settings/security", {"detection_period": 20}),
    ("security/web-login", "settings/security", {"web_failed_login_limit": 9}),
    ("kept-data", "settings/retention", {"call_record_days": 30}),
]


@pytest.mark.parametrize(("page", "resource", "by"), WHERE_TWO_MEET, ids=[page for page, _, _ in WHERE_TWO_MEET])
def test_whoever_saves_second_hears_of_the_first(site: Site, page: str, resource: str, by: dict[str, Any]) -> None:
    made = MADE.get(page.partition("/")[0])
    number = site.admin.post(page.partition("/")[0], tenant_id=site.tenants["a"], **made)["id"] if made else 0
    page, resource = (text.format(id=number, tenant=site.tenants["a"]) for text in (page, resource))
    client = browser()
    opened = {"seen": seen_on(client, f"/{page}")}
    assert "Somebody else changed this" not in client.post(f"/{page}", opened, secure=True).content.decode()
    opened = {"seen": seen_on(client, f"/{page}")}
    with answering(places.PATHS.web_access_socket, {"web.show": STATE}):
        status, answer = site.admin.call("PATCH", resource, by)
    assert status == 200, answer
    refused = client.post(f"/{page}", opened, secure=True)
    assert refused.status_code == 422 and "Somebody else changed this" in refused.content.decode()
