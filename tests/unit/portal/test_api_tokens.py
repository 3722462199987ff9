"""API tokens: hashed, scoped, ending, revocable, shown once (attack case 99)."""

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
