"""The browser phone's page and its credentials (issue 6.5; reference: "WebRTC client"; ADR 28)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ringfence.policy.people.browsers import credential_key, decode_credential
from ringfence.portal.audit.models import Entry
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.people.digests import digests
from ringfence.portal.people.models import Person
from ringfence.portal.publish import publish_everything
from ringfence.portal.signin.models import PortalSession
from ringfence.portal.webphone import credentials
from ringfence.portal.webphone.credentials import LONGEST, MOST, forget_expired
from ringfence.portal.webphone.models import PhoneCredential
from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.rest import PASSWORD, Site
from tests.unit.portal.store import policy
from tests.unit.portal.test_pages import browser

ANN = "101@a.example"
HOST = "pbx.example:10443"


@pytest.fixture
def ann(site: Site) -> Client:
    person = Person.objects.get(username=ANN)
    person.set_password(PASSWORD)
    person.save()
    return browser(ANN)


def given(client: Client) -> dict[str, Any]:
    answer = client.post("/phone/credential", secure=True)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def in_force(name: str) -> bool:
    with policy() as store:
        return store.lookup(credential_key(name, "a.example")) is not None


def test_a_session_is_given_a_credential_that_workers_know_by_its_digest(site: Site, ann: Client) -> None:
    made = given(ann)
    with policy() as store:
        raw = store.lookup(credential_key(made["name"], "a.example"))
    assert raw is not None
    found = decode_credential(raw)
    assert (found.aor, found.user_id) == (ANN, Person.objects.get(username=ANN).pk)
    assert found.ha1 == digests(made["name"], "a.example", made["secret"]).md5
    assert made["name"].startswith("101~")
    assert 0 < found.expires_at - timezone.now().timestamp() <= LONGEST.total_seconds()


def test_the_secret_stands_in_the_answer_alone(site: Site, ann: Client) -> None:
    """Neither in the database nor in the audit log; the answer is kept by no cache."""
    answer = ann.post("/phone/credential", secure=True)
    secret = answer.json()["secret"]
    assert len(secret) >= 32
    assert answer["Cache-Control"] == "no-store"
    [row] = PhoneCredential.objects.values()
    assert secret not in repr(row)
    entry = Entry.objects.filter(action="phone_credential.issued").get()
    assert secret not in repr(entry.__dict__)
    assert (entry.object_label, entry.actor) == (ANN, ANN)


@pytest.mark.parametrize("how", ["sign_out", "revoked", "password", "idle", "lifetime"])
def test_it_ends_with_its_session(site: Site, ann: Client, how: str) -> None:
    name = given(ann)["name"]
    assert in_force(name)
    row = PortalSession.objects.open().get(person__username=ANN)
    if how == "sign_out":
        ann.post("/sign-out", secure=True)
    elif how == "revoked":
        browser().post(f"/my/sessions/{row.pk}", secure=True)
        other = browser(ANN)
        other.post(f"/my/sessions/{row.pk}", secure=True)
    elif how == "password":
        other = browser(ANN)
        form = {"current": PASSWORD, "password": "other-Horse88", "again": "other-Horse88"}
        assert other.post("/change-password", form, secure=True).status_code == 302
    else:
        since = {"idle": "last_seen_at", "lifetime": "created_at"}[how]
        PortalSession.objects.filter(pk=row.pk).update(**{since: timezone.now() - timedelta(days=1)})
        assert ann.get("/phone/state", secure=True).status_code == 401
    assert not in_force(name)
    assert not PhoneCredential.objects.exists()
    assert Entry.objects.filter(action="phone_credential.revoked").count() == 1


def test_the_guard_is_told_whose_devices_go(site: Site, ann: Client, guard: FakeGuard) -> None:
    """What was registered with it is rung no more; a guard that is silent stops nobody from signing out."""
    names = [given(ann)["name"] for _ in range(2)]
    ann.post("/sign-out", secure=True)
    [told] = [args for verb, args in guard.asked if verb == "registrations.end-browser"]
    assert (told["aor"], sorted(told["names"])) == (ANN, sorted(names))


def test_it_never_outlives_the_longest_session(site: Site, ann: Client) -> None:
    site.admin.call("PATCH", "settings/security", {"web_session_lifetime": 600})
    assert given(ann)["expires_at"] - timezone.now().timestamp() <= 600


def test_a_page_that_is_loaded_again_and_again_leaves_few_behind(site: Site, ann: Client) -> None:
    names = [given(ann)["name"] for _ in range(MOST + 2)]
    assert [in_force(name) for name in names] == [False, False, *[True] * MOST]


def test_so_many_in_a_minute_and_no_more(site: Site, ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "PER_MINUTE", 1)
    given(ann)
    answer = ann.post("/phone/credential", secure=True)
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")


def test_expired_ones_are_forgotten_when_everything_is_published(site: Site, ann: Client) -> None:
    name = given(ann)["name"]
    PhoneCredential.objects.update(expires_at=timezone.now())
    forget_expired()
    publish_everything()
    assert not in_force(name)


@pytest.mark.parametrize("path", ["/phone/state", "/phone/calls", "/phone/voicemails"])
def test_who_is_not_signed_in_gets_a_problem_document_and_the_page_asks_to_sign_in(site: Site, path: str) -> None:
    answer = Client().get(path, secure=True)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert Client().post("/phone/credential", secure=True).status_code == 401
    assert Client().get("/phone", secure=True)["Location"] == "/sign-in?next=%2Fphone"


def test_a_form_of_another_site_gets_no_credential(site: Site, ann: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = ann.cookies
    assert strict.post("/phone/credential", secure=True).status_code == 403
    assert not PhoneCredential.objects.exists()


def test_who_has_no_extension_has_no_phone(site: Site) -> None:
    assert browser().get("/phone", secure=True).status_code == 404
    assert browser().post("/phone/credential", secure=True).status_code == 404


def test_the_page_may_connect_to_our_sip_port_and_nowhere_else(site: Site, ann: Client) -> None:
    answer = ann.get("/phone", secure=True, headers={"Host": HOST})
    policy_of_page = answer["Content-Security-Policy"]
    assert "connect-src 'self' wss://pbx.example:5065;" in policy_of_page
    assert "script-src 'self';" in policy_of_page
    assert "unsafe" not in policy_of_page
    assert "microphone=(self)" in answer["Permissions-Policy"]
    assert "microphone=()" in ann.get("/my", secure=True)["Permissions-Policy"]


def test_on_the_portals_port_the_page_sends_to_its_own(site: Site, ann: Client) -> None:
    answer = ann.get("/phone", secure=True, headers={"Host": "pbx.example:8887"})
    assert answer["Location"] == "https://pbx.example:10443/phone"
    assert 'href="/phone"' in ann.get("/my", secure=True).content.decode()


def test_only_the_own_calls_are_listed_as_one_would_dial_them(site: Site, ann: Client) -> None:
    now = timezone.now()
    for number, (caller, dialled) in enumerate([(ANN, "100"), ("100@a.example", "101"), ("100@a.example", "555")]):
        CallRecord.objects.create(
            call_id=str(number), tenant_id=site.tenants["a"], caller=caller, dialled=dialled,
            started_at=now, ended_at=now, answered_at=now if caller == ANN else None,
        )  # fmt: skip
    items = ann.get("/phone/calls", secure=True).json()["items"]
    assert [(item["made"], item["other"], item["answered"]) for item in items] == [
        (False, "100", False), (True, "100", True),
    ]  # fmt: skip


def test_the_state_counts_messages_and_keeps_only_a_users_session_awake(site: Site, ann: Client) -> None:
    for client, name, awake in ((ann, ANN, True), (browser("100@a.example"), "100@a.example", False)):
        earlier = timezone.now() - timedelta(minutes=5)
        PortalSession.objects.open().filter(person__username=name).update(last_seen_at=earlier)
        assert client.get("/phone/state", secure=True).json() == {"new_messages": 0, "old_messages": 0}
        seen = PortalSession.objects.open().filter(person__username=name).latest("pk").last_seen_at
        assert (seen > earlier) is awake


def test_the_sentences_of_the_script_are_on_the_page_as_data(site: Site, ann: Client) -> None:
    page = ann.get("/phone", secure=True, headers={"Host": HOST}).content.decode()
    start = page.index('<script id="words" type="application/json">') + len(
        '<script id="words" type="application/json">'
    )
    assert json.loads(page[start : page.index("</script>", start)])["hold"] == "Hold"
