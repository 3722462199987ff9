"""Destinations of notices: nonsense is refused at its field, secrets stay in, pages and REST do the same."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ringfence.portal.notices import deliver
from ringfence.portal.notices.models import Destination
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.test_notices import add, mail_settings, only


@pytest.mark.parametrize(
    ("means", "settings", "field"),
    [
        ("email", {"host": "", "sender": "a@b.example", "recipients": ["c@d.example"]}, "host"),
        ("email", {"host": "m.example", "sender": "a@b.ex\r\nBcc: x@y.ex", "recipients": ["c@d.ex"]}, "sender"),
        ("email", {"host": "m.example", "sender": "a@b.example", "recipients": []}, "recipients"),
        ("email", {"host": "m.example", "sender": "a@b.example", "recipients": ["c@d.example"], "username": "u",
                   "encryption": "none"}, "encryption"),
        ("webhook", {"url": "http://hook.example/"}, "url"),
        ("webhook", {"url": "https://user:word@hook.example/"}, "url"),
        ("webhook", {"url": "https://hook.example/\r\nX: y"}, "url"),
        ("webhook", {"url": "file:///etc/passwd"}, "url"),
        ("syslog", {"transport": "tcp", "host": "a b"}, "host"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_at_its_field(site: Site, means: str, settings: dict[str, Any], field: str) -> None:
    wish = {"name": "x", "means": means, "topics": ["bans"], "settings": settings}
    assert site.admin.refusal("POST", "notice-destinations", wish)["field"] == field
    assert not Destination.objects.exists()


def test_a_secret_goes_in_and_never_comes_out(site: Site) -> None:
    shown = add(site, "email", **mail_settings(2525))
    assert "s3cret-Word" not in json.dumps([shown, site.admin.get("notice-destinations"), site.admin.get("audit-log")])
    assert b"s3cret-Word" not in bytes(only().secret)
    site.admin.call("PATCH", f"notice-destinations/{only().pk}", {"settings": {"host": "other.example"}})
    assert deliver.key_of(only()) == "s3cret-Word"
    assert only().wishes["host"] == "other.example"


def test_a_new_key_takes_the_place_of_the_old_one(site: Site) -> None:
    made = add(site, "webhook", url="https://hook.example/")
    renewed = site.admin.post(f"notice-destinations/{made['id']}/key")["key"]
    assert renewed != made["key"]
    assert deliver.key_of(only()) == renewed


def _form(means: str) -> dict[str, Any]:
    common = {"name": f"Page {means}", "topics": ["bans"], "storm_bans": "20", "enabled": "on"}
    special: dict[str, dict[str, Any]] = {
        "email": {"host": "m.example", "port": "587", "encryption": "starttls", "username": "u", "secret": "w",
                  "sender": "a@b.example", "recipients": "c@d.example, e@f.example"},
        "webhook": {"url": "https://hook.example/"},
        "syslog": {"transport": "local"},
    }  # fmt: skip
    return {**common, **special[means]}


@pytest.mark.parametrize("means", ["email", "webhook", "syslog"])
def test_the_pages_add_change_and_remove(site: Site, means: str) -> None:
    client = Client()
    client.post("/sign-in", {"username": "admin", "password": PASSWORD}, secure=True)
    send: Callable[..., Any] = lambda path, form: client.post(f"/security/notices{path}", form, secure=True)  # noqa: E731
    assert send(f"/new/{means}", {**_form(means), "topics": []}).status_code == 422
    made = send(f"/new/{means}", _form(means))
    assert (made.status_code, b'id="secret"' in made.content) == ((200, True) if means == "webhook" else (302, False))
    path = f"/{only().pk}"
    assert client.get(f"/security/notices{path}", secure=True).status_code == 200
    assert send(path, {**_form(means), "name": "Renamed", "secret": ""}).status_code == 302
    assert b"Renamed" in client.get("/security/notices", secure=True).content
    if means == "email":
        assert deliver.key_of(only()) == "w"
        assert only().wishes["recipients"] == ["c@d.example", "e@f.example"]
    send(f"{path}/delete", {})
    assert not Destination.objects.exists()
