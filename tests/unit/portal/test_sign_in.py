"""Signing in (reference: "Login Security Controls"; attack cases 92, 93, 94; ASVS 6 and 7)."""

import json
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from ringfence.portal.audit.models import Entry
from ringfence.portal.people.models import ADMIN, STANDARD, Person, Role
from ringfence.portal.signin import guessing
from ringfence.portal.signin.models import PortalSession
from ringfence.portal.signin.urls import urlpatterns
from tests.unit.portal.rest import PASSWORD, Rest, Site
from tests.unit.portal.signing_in import get, post, signed_in_browser, signing_in, with_app


def is_in(client: Client) -> bool:
    return get(client, "/my/sessions").status_code == 200


def key(client: Client) -> str:
    return client.cookies["__Host-session"].value


def test_unknown_inactive_and_wrong_look_alike(site: Site) -> None:
    Person.objects.filter(username="100@b.example").update(is_active=False)
    pages = []
    for name, password in (("nobody", "x"), ("100@a.example", "x"), ("100@b.example", PASSWORD), ("101@a.example", "")):
        _, answer = signing_in(name, password or "x", address=f"192.0.2.{len(pages) + 1}")
        text = answer.content.decode().replace(name, "NAME")
        pages.append((answer.status_code, text[text.index("<h1") : text.index("csrf")], "is wrong" in text))
    assert len(set(pages)) == 1
    assert pages[0][0] == 401


def test_every_sign_in_hashes_once_whoever_it_is(site: Site) -> None:
    """Known or not, the costly step runs the same number of times: the answer's time tells nothing."""
    counts = []
    for number, name in enumerate(("nobody", "100@a.example", "101@a.example")):
        with patch("tests.unit.portal.hashing.QuickHasher.encode", autospec=True) as encode:
            encode.return_value = "x"
            with patch("tests.unit.portal.hashing.QuickHasher.verify", autospec=True, return_value=False) as verify:
                signing_in(name, "wrong", address=f"192.0.2.{number + 1}")
        counts.append(encode.call_count + verify.call_count)
    assert counts == [1, 1, 1]


def test_the_sixth_failure_closes_the_door_for_the_address_alone(site: Site) -> None:
    """Reference: block "when the failure threshold is exceeded"; the default threshold is 5."""
    answers = [signing_in("admin", "wrong", "198.51.100.9")[1].status_code for _ in range(6)]
    assert answers[:5] == [401] * 5
    assert signing_in("admin", PASSWORD, "198.51.100.9")[1].status_code == 429
    assert signing_in("admin", PASSWORD, "198.51.100.10")[1].status_code == 302


def test_a_thousand_addresses_are_slowed_and_the_owner_gets_in(site: Site) -> None:
    """Case 92: from the twentieth address on, a strange address has one try."""
    signed_in_browser()
    for number in range(guessing.MANY_ADDRESSES):
        signing_in("admin", "wrong", f"198.51.100.{number + 1}")
    assert signing_in("admin", "wrong", "203.0.113.5")[1].status_code == 429
    assert signing_in("admin", PASSWORD, "203.0.113.5")[1].status_code == 429
    assert signing_in("admin", PASSWORD, "203.0.113.6")[1].status_code == 302
    assert signing_in("admin", "typing error", "192.0.2.50")[1].status_code == 401
    assert signing_in("admin", PASSWORD, "192.0.2.50")[1].status_code == 302


def test_an_own_sign_in_buys_no_new_guesses_at_others(site: Site) -> None:
    for _ in range(5):
        signing_in("admin", "wrong", "198.51.100.9")
    assert signing_in("100@a.example", PASSWORD, "198.51.100.9")[1].status_code == 302
    signing_in("admin", "wrong", "198.51.100.9")
    assert signing_in("admin", PASSWORD, "198.51.100.9")[1].status_code == 429


def test_a_claimed_forwarded_address_does_not_count(site: Site) -> None:
    for number in range(6):
        form = {"username": "admin", "password": "wrong"}
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        Client().post("/sign-in", form, secure=True, REMOTE_ADDR="198.51.100.9", headers=headers)
    assert signing_in("admin", PASSWORD, "198.51.100.9")[1].status_code == 429


def test_signing_in_gives_a_new_session_key(site: Site) -> None:
    client = Client()
    get(client, "/sign-in")
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    post(client, "/sign-in", {"username": "admin", "password": PASSWORD})
    assert key(client) != before


def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    client = signed_in_browser()
    stolen = key(client)
    post(client, "/sign-out")
    thief = Client()
    thief.cookies["__Host-session"] = stolen
    assert not is_in(thief)


@pytest.mark.parametrize("field", ["created_at", "last_seen_at"])
def test_idle_and_old_sessions_are_over(site: Site, field: str) -> None:
    client = signed_in_browser()
    PortalSession.objects.update(**{field: timezone.now() - timedelta(hours=13)})
    assert not is_in(client)


def test_a_page_that_polls_keeps_no_session_alive(site: Site) -> None:
    client = signed_in_browser()
    PortalSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=50))
    get(client, "/dashboard/numbers", **{"HX-Request": "true"})
    assert PortalSession.objects.get().last_seen_at < timezone.now() - timedelta(minutes=49)
    get(client, "/")
    assert PortalSession.objects.get().last_seen_at > timezone.now() - timedelta(minutes=1)


def test_a_changed_role_counts_at_the_next_request_under_a_new_key(site: Site) -> None:
    """Case 94."""
    client = signed_in_browser("100@a.example")
    assert get(client, "/users").status_code == 200
    before = key(client)
    Person.objects.filter(username="100@a.example").update(role=Role.objects.get(name=STANDARD))
    assert get(client, "/users").status_code == 403
    assert is_in(client)
    assert key(client) != before
    Person.objects.filter(username="100@a.example").update(role=Role.objects.get(name=ADMIN))


def test_a_new_password_ends_all_other_sessions(site: Site) -> None:
    here, there = signed_in_browser(), signed_in_browser()
    before = key(here)
    form = {"current": PASSWORD, "password": "other-Horse9", "again": "other-Horse9"}
    assert post(here, "/change-password", form).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    assert key(here) != before


def test_whoever_is_switched_off_is_out_at_once(site: Site) -> None:
    """ASVS 7.4.2."""
    client = signed_in_browser("100@b.example")
    site.admin.call("PATCH", f"users/{site.users['100@b.example']}", {"active": False})
    assert not is_in(client)


def test_own_sessions_are_listed_and_ended(site: Site) -> None:
    here, there = signed_in_browser(), signed_in_browser()
    row = PortalSession.objects.open().order_by("pk").last()
    assert row is not None
    assert b"192.0.2.50" in get(here, "/my/sessions").content
    assert post(here, f"/my/sessions/{row.pk}").status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)


def test_administrators_end_sessions_of_their_own_people_only(site: Site) -> None:
    other, own = signed_in_browser("100@b.example"), signed_in_browser("100@a.example")
    theirs = PortalSession.objects.get(person__username="100@b.example")
    mine = PortalSession.objects.get(person__username="100@a.example")
    assert post(own, f"/my/sessions/{theirs.pk}").status_code == 404
    assert site.a.refusal("DELETE", f"sessions/{theirs.pk}")["status"] == 404
    assert [row["username"] for row in site.a.get("sessions")["items"]] == ["100@a.example"]
    assert site.admin.call("DELETE", f"sessions/{mine.pk}")[0] == 204
    assert (is_in(other), is_in(own)) == (True, False)


def test_a_given_password_has_to_be_changed_first(site: Site) -> None:
    """Reference: "Require newly created users to change the default password on first login"."""
    person = Person.objects.get(username="100@a.example")
    Person.objects.filter(pk=person.pk).update(must_change_password=True)
    client = Client()
    post(client, "/sign-in", {"username": person.username, "password": PASSWORD})
    for path in ("/", "/users", "/my/tokens"):
        assert get(client, path)["Location"] == "/change-password"
    credentials = {"username": person.username, "password": PASSWORD}
    assert Rest().refusal("POST", "auth/token", credentials)["error_id"] == "auth.password_change_required"
    assert Rest().refusal("POST", "auth/password", {**credentials, "new_password": PASSWORD})["status"] == 422
    form = {"current": PASSWORD, "password": PASSWORD, "again": PASSWORD}
    assert post(client, "/change-password", form).status_code == 422
    form |= {"password": "other-Horse9", "again": "other-Horse9"}
    assert post(client, "/change-password", form).status_code == 302
    assert get(client, "/users").status_code == 200


def test_who_is_made_with_a_password_must_change_it_unless_switched_off(site: Site) -> None:
    wish = {"tenant_id": site.tenants["a"], "display_name": "Ann", "password": PASSWORD}
    first = site.admin.post("users", extension="200", **wish)
    site.admin.call("PATCH", "settings/security", {"web_change_first_password": False})
    second = site.admin.post("users", extension="201", **wish)
    changes = {row.pk: row.must_change_password for row in Person.objects.filter(pk__in=(first["id"], second["id"]))}
    assert changes == {first["id"]: True, second["id"]: False}


def test_sign_ins_and_refusals_are_in_the_audit_log(site: Site) -> None:
    signing_in("admin", "wrong")
    signing_in("a password typed into the wrong field", "wrong")
    post(signed_in_browser(), "/sign-out")
    found = list(
        Entry.objects.filter(action__startswith="session.").order_by("id").values_list("action", "object_label")
    )
    assert found == [
        ("session.refused", "admin"),
        ("session.refused", "a name that nobody has"),
        ("session.begun", "admin"),
        ("session.ended", "admin"),
    ]
    assert Entry.objects.filter(action="session.refused").values_list("actor", flat=True)[0] == "not signed in"


HANDLE = {"response": {"userHandle": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"}}


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"response": 1}',
        '{"response": {"userHandle": "MQ"}}',
        json.dumps(HANDLE),
        '{"id": "x"}',
    ],
)
def test_passkeys_made_by_hand_open_nothing(site: Site, credential: str) -> None:
    client = Client()
    get(client, "/passkey/options")
    assert post(client, "/sign-in/passkey", {"credential": credential}).status_code == 401
    assert not is_in(client)
    with_app()
    client, _ = signing_in()
    get(client, "/passkey/options")
    assert post(client, "/sign-in/second", {"credential": credential}).status_code in (200, 401)
    assert not is_in(client)


@pytest.mark.parametrize("item", [item for item in urlpatterns if "<" not in str(item.pattern)], ids=str)
def test_every_form_needs_its_token(site: Site, item: URLPattern) -> None:
    """A foreign page cannot sign anybody in, out, or change a factor, session, token or password."""
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in_browser().cookies
    assert post(client, f"/{item.pattern}", {"code": "1"}).status_code in (403, 405)


class TestProof:
    """ASVS 7.5: a fresh proof before what touches security."""

    def make_old(self, client: Client) -> None:
        session = client.session
        session["proved_at"] = timezone.now().timestamp() - 16 * 60
        session.save()

    @pytest.mark.parametrize("path", ["/my/two-step", "/my/tokens", "/users/new", "/web-access/acme"])
    def test_pages_about_secrets_ask_again(self, site: Site, path: str) -> None:
        client = signed_in_browser()
        assert get(client, path).status_code == 200
        self.make_old(client)
        assert get(client, path)["Location"].startswith("/prove?next=")

    def test_forms_that_touch_security_change_nothing_before_the_proof(self, site: Site) -> None:
        client = signed_in_browser()
        self.make_old(client)
        assert post(client, "/security/anti-hacking", {"level_1_packets": 400})["Location"].startswith("/prove")
        assert site.admin.get("settings/security")["level_1_packets"] == 500
        before = key(client)
        assert post(client, "/prove", {"password": "wrong", "next": "/users"}).status_code == 401
        assert post(client, "/prove", {"password": PASSWORD, "next": "/users"})["Location"] == "/users"
        assert key(client) != before
        assert get(client, "/my/tokens").status_code == 200

    def test_with_a_second_factor_the_password_is_no_proof(self, site: Site) -> None:
        client = signed_in_browser()
        app = with_app()
        self.make_old(client)
        assert post(client, "/prove", {"password": PASSWORD}).status_code == 401
        assert post(client, "/prove", {"code": app.code()}).status_code == 302
