"""Web access: ports, certificate, and from where administrators may come (reference "Web Access Security")."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from ringfence.portal.signin.models import PortalSession
from ringfence.portal.webaccess.models import AdministratorNetwork
from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.hashing import QuickHasher
from tests.unit.portal.rest import PASSWORD, Rest, Site
from tests.unit.portal.signing_in import post, signing_in, with_app
from tests.unit.portal.test_pages import browser
from tests.unit.portal.web_access_state import CERTIFICATE, STATE


@pytest.fixture
def web(site: Site) -> Iterator[FakeGuard]:
    """Speaks for the web access process, over its real socket."""
    socket = places.PATHS.web_access_socket
    socket.parent.mkdir(parents=True, exist_ok=True)
    fake = FakeGuard(socket)
    fake.answers |= {
        "web.show": STATE,
        "web.listen": {**STATE, "redirect_80": True},
        "web.certificate": {**STATE, "certificate": {**CERTIFICATE, "fingerprint": "CC:DD"}},
    }
    fake.start()
    yield fake
    fake.stop()


def test_switches_reach_the_web_server_and_the_audit_log(site: Site, web: FakeGuard) -> None:
    site.admin.call("PATCH", "settings/web-access", {"redirect_80": True})
    assert ("web.listen", {"redirect_80": True}) in web.asked
    entry = Entry.objects.filter(action="web_access.changed").get()
    assert entry.changes == {"redirect_80": {"old": False, "new": True}}


def test_a_certificate_is_changed_and_its_key_is_kept_nowhere(site: Site, web: FakeGuard) -> None:
    body = {"chain": "PEM", "key": "the-secret-key", "host": "pbx.example"}
    status, answer = site.admin.call("PUT", "certificates/web", body)
    assert (status, answer["fingerprint"]) == (200, "CC:DD")
    assert ("web.certificate", body) in web.asked
    entry = Entry.objects.filter(action="certificate.changed").get()
    assert "the-secret-key" not in str(entry.changes)


def test_a_refused_certificate_is_explained_at_its_field_and_changes_nothing(site: Site, web: FakeGuard) -> None:
    web.errors["web.certificate"] = ("certificate.key_match", "key", "The private key does not belong to it.")
    refusal = site.admin.refusal("PUT", "certificates/web", {"chain": "PEM", "key": "k"})
    assert (refusal["status"], refusal["error_id"], refusal["field"]) == (422, "certificate.key_match", "key")
    page = browser().post("/web-access/certificate", {"chain": "PEM", "key": "KEYTEXT", "host": "x"}, secure=True)
    assert (page.status_code, b"does not belong to it" in page.content) == (422, True)
    assert not Entry.objects.filter(action="certificate.changed").exists()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "settings/web-access", None), ("PATCH", "settings/web-access", {"redirect_80": True}),
     ("PATCH", "settings/web-access", {"administrator_networks": []}),
     ("GET", "certificates/web", None), ("PUT", "certificates/web", {"chain": "x"})],
)  # fmt: skip
def test_tenant_administrators_have_no_part_in_it(
    site: Site, web: FakeGuard, method: str, path: str, body: Any
) -> None:
    assert site.a.refusal(method, path, body)["status"] == 403
    assert web.asked == []


def test_without_the_process_nothing_is_changed_and_the_page_says_so(site: Site) -> None:
    assert site.admin.refusal("PATCH", "settings/web-access", {"redirect_80": True})["error_id"] == "web.unreachable"
    answer = browser().get("/web-access", secure=True)
    assert (answer.status_code, b"does not answer" in answer.content) == (200, True)


def admit(site: Site, *networks: str) -> tuple[int, Any]:
    return site.admin.call("PATCH", "settings/web-access", {"administrator_networks": list(networks)})


def test_administrators_come_only_from_the_named_networks(site: Site, web: FakeGuard) -> None:
    signed_in = browser()
    assert admit(site, "192.0.2.0/24", "127.0.0.1")[0] == 200
    elsewhere = Rest(token=site.admin.token, address="198.51.100.9")
    assert elsewhere.refusal("GET", "tenants")["error_id"] == "auth.not_from_here"
    assert site.admin.get("tenants")["count"] == 2
    assert signed_in.get("/users", secure=True).status_code == 200
    moved = signed_in.get("/users", secure=True, REMOTE_ADDR="198.51.100.9")
    assert (moved.status_code, b"101" in moved.content) == (403, False)
    form = {"username": "admin", "password": PASSWORD}
    assert Client().post("/sign-in", form, secure=True, REMOTE_ADDR="198.51.100.9").status_code == 401
    assert elsewhere.call("POST", "auth/token", form)[0] in (401, 403)


def test_tenants_are_not_concerned(site: Site, web: FakeGuard) -> None:
    admit(site, "192.0.2.0/24")
    assert Rest(token=site.a.token, address="198.51.100.9").get("users")["count"] == 2


@pytest.mark.parametrize("networks", [["198.51.100.0/24"], ["192.0.2.51"], ["nonsense"], ["192.0.2.0/24"] * 300])
def test_nobody_locks_himself_out(site: Site, web: FakeGuard, networks: list[str]) -> None:
    """The caller's address is 192.0.2.50."""
    status, problem = admit(site, *networks)
    assert (status, problem["field"]) == (422, "administrator_networks")
    assert site.admin.get("settings/web-access")["administrator_networks"] == []


@pytest.mark.parametrize("username", ["admin", "nobody-has-this-name"])
def test_the_time_from_elsewhere_does_not_tell_the_names_of_administrators(
    site: Site, monkeypatch: pytest.MonkeyPatch, username: str
) -> None:
    """Case 92; docs/sign-in.md: an unknown name answers as a known one, in the same time."""
    AdministratorNetwork.objects.create(cidr="192.0.2.0/24")
    hashed: list[str] = []
    encode = QuickHasher.encode
    monkeypatch.setattr(QuickHasher, "encode", lambda *given: (hashed.append(username), encode(*given))[1])
    _, answer = signing_in(username, "wrong-Horse7", address="198.51.100.1")
    assert (answer.status_code, len(hashed)) == (401, 1)


def test_a_sign_in_that_goes_on_elsewhere_begins_no_session_there(site: Site) -> None:
    """Nor does the guard hear of that address, which could then never be banned."""
    AdministratorNetwork.objects.create(cidr="192.0.2.0/24")
    app = with_app("admin")
    client, first = signing_in("admin")
    assert first["Location"] == "/sign-in/second"
    site.guard.asked.clear()
    assert post(client, "/sign-in/second", {"code": app.code()}, "198.51.100.1").status_code == 403
    assert not PortalSession.objects.filter(address="198.51.100.1").exists()
    assert "never-block.admin" not in site.guard.verbs()
