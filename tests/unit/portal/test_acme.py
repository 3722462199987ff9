"""Certificates of an authority: settings, orders, renewal, failure (issue 6, 2; reference "Web Access Security")."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from django.core.management import call_command
from django.utils import timezone

from ringfence.engines.certificates import brought
from ringfence.lab.acme import AcmeServer, Behaviour
from ringfence.portal import places
from ringfence.portal.acme import work
from ringfence.portal.acme.models import ACCOUNT_KEY, AcmeSettings, CertificateOrder
from ringfence.portal.audit.models import Entry
from ringfence.portal.doctor import gather
from ringfence.portal.firewall.plan import current_plan
from ringfence.portal.jobs import State
from ringfence.portal.notices.collect import topic_of
from ringfence.portal.notices.topics import Topic
from ringfence.portal.sealing import unseal
from ringfence.portal.wsi.sources import audit_page
from tests.unit.portal.acme_lab import NAME, StubDoor, an_authority, means_for
from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser
from tests.unit.portal.web_access_state import STATE

PATH = "settings/acme"
ORDERS = "certificates/web/orders"
SOMEWHERE = {"directory": "https://ca.example/directory", "names": [NAME], "terms_agreed": True}


class WebProcess(FakeGuard):
    """Checks what it is brought as the real one does, and shows it from then on."""

    def _answer(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        if verb == "web.certificate" and verb not in self.errors:
            pair = brought.checked(args["chain"], args["key"], args["host"], datetime.now(UTC))
            shown = brought.described(pair.chain, datetime.now(UTC))
            self.answers["web.show"] = self.answers["web.certificate"] = {**STATE, "certificate": shown}
        return super()._answer(verb, args)


@pytest.fixture
def web(site: Site) -> Iterator[WebProcess]:
    socket = places.PATHS.web_access_socket
    socket.parent.mkdir(parents=True, exist_ok=True)
    fake = WebProcess(socket)
    fake.answers |= {"web.show": STATE}
    fake.start()
    yield fake
    fake.stop()


def ordered(site: Site, acme: AcmeServer, door: Any) -> dict[str, Any]:
    """What became of an order over REST."""
    site.admin.call("PATCH", PATH, {**SOMEWHERE, "directory": acme.directory, "authority": acme.root.pem})
    site.admin.post(ORDERS)
    assert work.order_due(means=lambda _: means_for(acme, door)) == 1
    found: dict[str, Any] = site.admin.get(ORDERS)["items"][0]
    return found


def test_an_order_puts_a_certificate_in_force_and_keeps_no_key_of_it(site: Site, web: WebProcess) -> None:
    """It goes the way of an upload, with the same checks; what is kept is the sealed key of the account."""
    with an_authority() as (acme, door):
        order = ordered(site, acme, door)
    brought_now = next(args for verb, args in web.asked if verb == "web.certificate")
    assert (order["state"], order["error"], brought_now["host"]) == ("done", "", NAME)
    row = AcmeSettings.current()
    assert (row.fingerprint, order["fingerprint"]) == (web.answers["web.show"]["certificate"]["fingerprint"],) * 2
    assert unseal(row.account_key, ACCOUNT_KEY).startswith("-----BEGIN PRIVATE KEY-----")
    assert b"PRIVATE" not in bytes(row.account_key)
    assert "PRIVATE" not in str(list(Entry.objects.values_list("changes", flat=True)))
    entry = Entry.objects.get(action="certificate.changed")
    assert (entry.actor, entry.changes["names"]["new"]) == ("ACME", [NAME])


def test_the_web_servers_door_is_opened_with_the_challenge_and_closed(site: Site, web: WebProcess) -> None:
    """RFC 8555 section 8.3: nothing answers before and after."""
    with an_authority() as (acme, door):

        class Both(work.WebDoor):
            def open(self, challenges: Any) -> None:
                super().open(challenges)
                door.open(challenges)

        ordered(site, acme, Both())
    (opened, closed) = [args["challenges"] for verb, args in web.asked if verb == "web.challenges"]
    token, answer = next(iter(opened.items()))
    assert (answer.partition(".")[0], len(answer.partition(".")[2]), closed) == (token, 43, {})


def test_what_the_web_server_refuses_stays_out_and_everybody_is_told(site: Site, web: WebProcess) -> None:
    """Attack case 87: a bad new certificate leaves the old one, and raises an alarm."""
    web.errors["web.certificate"] = ("certificate.weak_key", "chain", "Certificate 1 has a weak key.")
    with an_authority() as (acme, door):
        order = ordered(site, acme, door)
    assert (order["state"], order["error"]) == ("failed", "Certificate 1 has a weak key.")
    assert (AcmeSettings.current().fingerprint, web.answers["web.show"]) == ("", STATE)
    assert gather.settings().order_failed
    assert Topic.ALARMS in [topic_of(item) for item in audit_page(0).items]
    assert "weak key" in browser().get("/web-access/acme", secure=True).content.decode()


def test_a_failed_order_is_no_finding_any_more_once_no_authority_is_named(site: Site, web: WebProcess) -> None:
    """Whoever goes back to uploads has nothing to mend."""
    web.errors["web.certificate"] = ("certificate.weak_key", "chain", "Certificate 1 has a weak key.")
    with an_authority() as (acme, door):
        ordered(site, acme, door)
    assert gather.settings().order_failed
    site.admin.call("PATCH", PATH, {"directory": ""})
    assert not gather.settings().order_failed


def test_it_is_renewed_when_two_thirds_of_its_lifetime_are_over(site: Site, web: WebProcess) -> None:
    with an_authority(Behaviour(lifetime=timedelta(days=90))) as (acme, door):
        ordered(site, acme, door)
        due = AcmeSettings.current().renew_at
        assert due is not None
        assert timedelta(days=59) < due - timezone.now() < timedelta(days=60)
        assert work.order_due(due - timedelta(hours=1)) == 0
        assert work.order_due(due, lambda _: means_for(acme, door)) == 1
        site.admin.call("PATCH", PATH, {"renew": False})
        assert work.order_due(due + timedelta(days=1)) == 0
    assert [one["renewal"] for one in site.admin.get(ORDERS)["items"]] == [True, False]


def test_one_that_is_nearly_over_when_it_comes_is_not_ordered_again_at_once(site: Site, web: WebProcess) -> None:
    """It was, every two seconds, for as long as the authority gave out what it had."""
    with an_authority(Behaviour(lifetime=timedelta(minutes=63))) as (acme, door):
        ordered(site, acme, door)
    due = AcmeSettings.current().renew_at
    assert due is not None
    assert due - timezone.now() > timedelta(minutes=59)


def test_a_renewal_that_fails_is_tried_again_later_and_later(site: Site, web: WebProcess) -> None:
    """Authorities count failures; the certificate in force is not touched."""
    with an_authority() as (acme, door):
        ordered(site, acme, door)
        shown = web.answers["web.show"]
        closed = StubDoor()
        acme.reach, closed.open = closed.reached, lambda _: None  # type: ignore[method-assign]
        tries = []
        for _ in range(3):
            now = AcmeSettings.objects.get().renew_at
            assert now is not None
            assert work.order_due(now, lambda _: means_for(acme, closed)) == 1
            tries.append(AcmeSettings.objects.get().renew_at - now)
        closed.stop()
    assert tries == [timedelta(hours=1), timedelta(hours=2), timedelta(hours=4)]
    assert web.answers["web.show"] is shown
    assert CertificateOrder.last_failed()


def test_a_certificate_that_somebody_uploaded_is_left_alone(site: Site, web: WebProcess) -> None:
    with an_authority() as (acme, door):
        ordered(site, acme, door)
    web.answers["web.show"] = STATE
    row = AcmeSettings.current()
    assert row.renew_at is not None
    assert work.order_due(row.renew_at) == 0
    assert site.admin.get(PATH)["renew_at"] is None


def test_an_order_that_a_dead_process_had_begun_is_given_up(site: Site) -> None:
    now = timezone.now()
    AcmeSettings.objects.create(pk=1, renew_at=now - timedelta(days=1), fingerprint="AA")
    CertificateOrder.objects.create(asked_by="admin", state=State.RUNNING)
    assert (work.settle_begun(now), work.settle_begun(now)) == (1, 0)
    assert site.admin.get(ORDERS)["items"][0]["error"] == "The process that ordered it ended or broke."
    assert AcmeSettings.objects.get().renew_at == now + timedelta(hours=1), "it does not knock every few seconds"


@pytest.mark.parametrize("was_taken", [True, False])
def test_an_order_whose_end_nobody_saw_is_what_the_web_server_shows(
    site: Site, web: WebProcess, monkeypatch: pytest.MonkeyPatch, was_taken: bool
) -> None:
    """The web process was silent, or ours was killed just then. A certificate that is in force unnoticed would never be
    renewed: it would look like one that somebody uploaded."""
    ask = work.server.ask

    def silent(verb: str, *args: Any, **told: Any) -> dict[str, Any]:
        if verb == "web.certificate":
            raise work.server.WebServerSilent(detail="It does not answer.")
        return ask(verb, *args, **told)

    monkeypatch.setattr(work.server, "ask", silent)
    with an_authority() as (acme, door):
        order = ordered(site, acme, door)
    assert (order["state"], order["ended_at"], order["fingerprint"] != "") == ("running", None, True)
    if was_taken:
        dates = {"not_before": "2026-01-01T00:00:00+00:00", "not_after": "2026-04-01T00:00:00+00:00"}
        certificate = {**STATE["certificate"], **dates, "fingerprint": order["fingerprint"]}  # type: ignore[dict-item]
        web.answers["web.show"] = {**STATE, "certificate": certificate}
    assert work.settle_begun() == 1
    settled, row = site.admin.get(ORDERS)["items"][0], AcmeSettings.current()
    assert settled["state"] == ("done" if was_taken else "failed")
    assert settled["fingerprint"] == row.fingerprint == (order["fingerprint"] if was_taken else "")
    assert (row.renew_at is not None) is was_taken


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"directory": "http://ca.example/acme"}, "directory"), ({"directory": "https://u@ca.example/"}, "directory"),
        ({"names": ["*.pbx.example"]}, "names"), ({"names": ["192.0.2.1"]}, "names"), ({"names": ["pbx"]}, "names"),
        ({"names": ["a b.example"]}, "names"), ({"email": "nobody"}, "email"), ({"authority": "PEM"}, "authority"),
        ({"external_key_id": "k"}, "external_key"), ({"external_key": "c2Vj"}, "external_key_id"),
        ({"external_key_id": "k", "external_key": "no base64!"}, "external_key"), ({"unknown": 1}, "unknown"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_at_its_field(site: Site, values: dict[str, Any], field: str) -> None:
    refused = site.admin.refusal("PATCH", PATH, values)
    assert (refused["status"], refused["field"]) == (422, field)


def test_nothing_is_ordered_before_it_is_said_where_for_whom_and_that_the_terms_are_agreed_to(site: Site) -> None:
    assert site.admin.refusal("POST", ORDERS)["field"] == "directory"
    site.admin.call("PATCH", PATH, {**SOMEWHERE, "terms_agreed": False})
    assert site.admin.refusal("POST", ORDERS)["field"] == "terms_agreed"
    site.admin.call("PATCH", PATH, {"terms_agreed": True})
    assert site.admin.post(ORDERS)["state"] == "waiting"
    assert site.admin.refusal("POST", ORDERS)["status"] == 409
    assert site.a.refusal("GET", PATH)["status"] == 403
    assert site.a.refusal("POST", ORDERS)["status"] == 403


def test_the_key_of_an_external_account_is_kept_sealed_and_never_shown(site: Site) -> None:
    """RFC 8555 section 7.3.4."""
    key = {"external_key_id": "kid-1", "external_key": "c2VjcmV0LWtleQ"}
    assert site.admin.call("PATCH", PATH, key)[0] == 200
    shown = site.admin.get(PATH)
    assert (shown["external_key_id"], shown["has_external_key"]) == ("kid-1", True)
    assert "c2VjcmV0LWtleQ" not in str(shown) + str(list(Entry.objects.values_list("changes", flat=True)))
    site.admin.call("PATCH", PATH, {"email": "a@b.example"})
    external = AcmeSettings.current().external
    assert external is not None
    assert external.key == "c2VjcmV0LWtleQ"
    site.admin.call("PATCH", PATH, {"external_key_id": ""})
    assert site.admin.get(PATH)["has_external_key"] is False


def test_the_page_saves_explains_and_orders(site: Site, web: WebProcess) -> None:
    person = browser()
    form = {"directory": SOMEWHERE["directory"], "names": f"{NAME}\nsip.{NAME}\n", "terms_agreed": "on", "renew": "on"}
    assert person.post("/web-access/acme", {**form, "names": "*.x.example"}, secure=True).status_code == 422
    assert person.post("/web-access/acme", form, secure=True).status_code == 302
    assert site.admin.get(PATH)["names"] == [NAME, f"sip.{NAME}"]
    page = person.get("/web-access/acme", secure=True).content.decode()
    assert "Order now" in page
    assert person.post("/web-access/acme/order", secure=True).status_code == 302
    assert "being ordered" in person.get("/web-access/acme", secure=True).content.decode()
    assert "/web-access/acme" in person.get("/web-access", secure=True).content.decode()


def test_a_shell_on_the_server_orders_and_sees_how_it_went(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.admin.call("PATCH", PATH, SOMEWHERE)
    call_command("acme", "order")
    call_command("acme", "show")
    assert "waiting" in capsys.readouterr().out
    call_command("acme", "show", "--json")
    assert [order["state"] for order in json.loads(capsys.readouterr().out)] == ["waiting"]


def test_the_firewall_plan_opens_port_80_for_the_authority(site: Site, web: WebProcess) -> None:
    def ports() -> set[int]:
        return {opening.first for opening in current_plan().openings}

    assert 80 not in ports()
    site.admin.call("PATCH", PATH, SOMEWHERE)
    assert 80 in ports()


def test_the_order_names_the_hosts_that_were_asked_for(site: Site, web: WebProcess) -> None:
    with an_authority() as (acme, door):
        ordered(site, acme, door)
        chain = x509.load_pem_x509_certificates(acme.orders[0].chain.encode())
    assert brought.names_of(chain[0]) == (NAME,)
