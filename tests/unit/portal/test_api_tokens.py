"""API tokens: hashed, scoped, ending, revocable, shown once (attack case 99)."""

from typing import Any

import pytest

from ringfence.portal.audit.models import Entry
from ringfence.portal.people.models import Person
from tests.unit.portal.rest import PASSWORD, Rest, Site, signed_in
from tests.unit.portal.signing_in import get, post, signed_in_browser


class TestTokens:
    """Of the system administrator, and of a tenant."""

    def token(self, **scope: object) -> Rest:
        rest = Rest()
        rest.token = rest.post("auth/token", username="admin", password=PASSWORD, **scope)["token"]
        return rest

    def test_a_reading_token_changes_nothing(self, site: Site) -> None:
        rest = self.token(read_only=True, name="report")
        assert rest.get("users")["count"] == 4
        assert rest.refusal("POST", "tenants", {"name": "x", "domain": "x.example"})["error_id"] == "auth.out_of_scope"
        assert rest.call("DELETE", "auth/token")[0] == 204

    def test_a_token_with_some_permissions_has_no_others(self, site: Site) -> None:
        rest = self.token(permissions=["calls.read"])
        rest.get("cdrs")
        for path in ("users", "audit-log", "settings/security"):
            assert rest.refusal("GET", path)["status"] == 403
        credentials = {"username": "100@a.example", "password": PASSWORD, "permissions": ["security.write"]}
        assert Rest().refusal("POST", "auth/token", credentials)["field"] == "permissions"

    def test_tokens_are_listed_without_the_token_and_ended(self, site: Site) -> None:
        rest = self.token(name="report")
        row = rest.get("tokens")["items"][0]
        assert (row["name"], row["last_used_from"]) == ("report", "192.0.2.50")
        assert rest.token not in str(row)
        assert site.a.refusal("DELETE", f"tokens/{row['id']}")["status"] == 404
        assert site.admin.call("DELETE", f"tokens/{row['id']}")[0] == 204
        assert rest.refusal("GET", "users")["status"] == 401

    def test_the_page_shows_a_new_token_once(self, site: Site) -> None:
        client = signed_in_browser("100@a.example")
        made = post(
            client, "/my/tokens", {"name": "export", "days": "7", "read_only": "on", "permissions": ["users.read"]}
        )
        assert b'id="token"' in made.content
        assert b'id="token"' not in get(client, "/my/tokens").content
        assert Entry.objects.filter(action="token.issued", object_label="export").exists()

    def test_a_switched_off_owner_ends_the_token(self, site: Site) -> None:
        token = signed_in("100@a.example")
        Person.objects.filter(username="100@a.example").update(is_active=False)
        assert token.refusal("GET", "users")["status"] == 401


WHAT_OWNERS_DO: list[tuple[str, str, dict[str, Any] | None, tuple[str, ...]]] = [
    ("PUT", "users/{own}/password", {"password": "another-Horse7"}, ("users.write",)),
    ("POST", "users/{own}/first-password", None, ("users.write",)),
    ("POST", "users/{own}/sip-secret", {}, ("users.write",)),
    ("DELETE", "users/{own}/second-factors", None, ("users.write",)),
    ("PATCH", "users/{own}/calling", {"forward_always": "00491234567"}, ("users.read", "users.write")),
    ("POST", "phones", {"extension": "100", "vendor": "snom", "mac": "000413000009"}, ("phones.write",)),
    ("PATCH", "users/{own}/voicemail", {"pin": "739164"}, ("voicemails.write",)),
    ("PATCH", "users/{own}/voicemail", {"email": "x@thief.example"}, ("voicemails.write",)),
]


@pytest.mark.parametrize(("method", "path", "body", "scope"), WHAT_OWNERS_DO)
def test_a_scoped_token_is_not_its_owner(
    site: Site, method: str, path: str, body: dict[str, Any] | None, scope: tuple[str, ...]
) -> None:
    """Case 99: with the owner's new password, SIP secret or PIN its bearer would have all the owner's rights."""
    credentials = {"username": "100@a.example", "password": PASSWORD}
    rest = Rest()
    rest.token = rest.post("auth/token", **credentials, permissions=list(scope))["token"]
    wanted = {**body, "tenant_id": site.tenants["a"]} if path == "phones" and body else body
    assert rest.refusal(method, path.format(own=site.users["100@a.example"]), wanted)["status"] == 403
    assert Rest().call("POST", "auth/token", credentials)[0] == 201, "the password is what it was"


def test_a_scoped_token_does_for_others_what_it_may(site: Site) -> None:
    rest = Rest()
    credentials = {"username": "admin", "password": PASSWORD}
    rest.token = rest.post("auth/token", **credentials, permissions=["users.write", "phones.write"])["token"]
    user = site.users["101@a.example"]
    assert rest.call("PUT", f"users/{user}/password", {"password": "another-Horse7"})[0] == 204
    wish = {"tenant_id": site.tenants["a"], "extension": "101", "vendor": "snom", "mac": "000413000009"}
    assert rest.call("POST", "phones", wish)[0] == 201
