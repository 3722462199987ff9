"""Two people at one form: nobody undoes what the other has set without hearing of it."""

import re

from django.test import Client

from ringfence.portal.people.models import Person
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser


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
