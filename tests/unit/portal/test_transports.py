"""Transports on their page and over REST (reference "Change Default SIP Transport Ports")."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ringfence.hosts.transports import CHANGED_MEANWHILE
from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from ringfence.portal.transports import changes
from ringfence.portal.trunks.models import Trunk
from tests.unit.portal.fakeguard import FakeGuard, answering
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

USUAL = [
    {"name": "udp-5060", "protocol": "udp", "port": 5060, "clients": "none", "link": ""},
    {"name": "tls-5061", "protocol": "tls", "port": 5061, "clients": "none", "link": ""},
]
ADDED = {"name": "tcp-5099", "protocol": "tcp", "port": 5099, "clients": "none", "link": ""}


@pytest.fixture(autouse=True)
def process(site: Site) -> Iterator[FakeGuard]:
    answers = {"transports.show": {"transports": USUAL}, "transports.change": {"transports": USUAL}}
    with answering(places.PATHS.transports_socket, answers) as fake:
        yield fake


def asked(process: FakeGuard) -> list[Any]:
    return [args["transports"] for verb, args in process.asked if verb == "transports.change"]


def test_a_transport_is_added_and_deleted_with_an_audit_entry(site: Site, process: FakeGuard) -> None:
    made = site.admin.post("transports", protocol="tcp", port=5099)
    assert made == {**ADDED, "addresses": []}
    assert asked(process)[-1] == [USUAL[0], ADDED, USUAL[1]]
    assert site.admin.call("DELETE", "transports/tls-5061")[0] == 204
    assert asked(process)[-1] == [USUAL[0]]
    assert list(
        Entry.objects.filter(action__startswith="transport.").order_by("pk").values_list("action", flat=True)
    ) == [
        "transport.created",
        "transport.deleted",
    ]


def test_what_cannot_be_in_force_is_refused_before_anybody_is_asked(site: Site, process: FakeGuard) -> None:
    refusal = site.admin.refusal("POST", "transports", {"protocol": "tcp", "port": 8887})
    assert (refusal["status"], refusal["error_id"], refusal["field"]) == (422, "transport.taken", "port")
    assert site.admin.refusal("POST", "transports", {"protocol": "udp", "port": 5060})["status"] == 409
    assert site.admin.refusal("DELETE", "transports/udp-1", None)["status"] == 404
    process.answers["transports.show"] = {"transports": USUAL[:1]}
    refusal = site.admin.refusal("DELETE", "transports/udp-5060", None)
    assert (refusal["status"], refusal["error_id"]) == (422, "transport.last")
    assert asked(process) == []


def test_one_that_asks_for_certificates_exists_already_too(site: Site, process: FakeGuard) -> None:
    """It was refused with "tls-5061 and tls-5061 cannot share a port"."""
    process.answers["transports.show"] = {"transports": [USUAL[0], {**USUAL[1], "clients": "required"}]}
    refusal = site.admin.refusal("POST", "transports", {"protocol": "tls", "port": 5061})
    assert (refusal["status"], refusal["error_id"], refusal["field"]) == (409, "transport.exists", "port")


def test_who_is_overtaken_looks_again_and_loses_nobodys_change(
    site: Site, process: FakeGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two administrators at once: both transports are there, or one of them is told."""
    answered = process._answer
    other = {"name": "udp-5098", "protocol": "udp", "port": 5098, "clients": "none", "link": ""}

    def overtaken(verb: str, args: dict[str, Any]) -> dict[str, Any]:
        if verb == "transports.change" and not asked(process):
            process.answers["transports.show"] = {"transports": [*USUAL, other]}
            process.asked.append((verb, args))
            return {"ok": False, "error": {"id": CHANGED_MEANWHILE, "field": "", "message": "Changed."}}
        return answered(verb, args)

    monkeypatch.setattr(process, "_answer", overtaken)
    assert site.admin.post("transports", protocol="tcp", port=5099)["name"] == "tcp-5099"
    instead_of = [args["instead_of"] for verb, args in process.asked if verb == "transports.change"]
    assert instead_of == [USUAL, [*USUAL, other]]
    assert asked(process)[-1] == [USUAL[0], other, ADDED, USUAL[1]]


def test_who_is_overtaken_again_and_again_is_told(site: Site, process: FakeGuard) -> None:
    process.errors["transports.change"] = (CHANGED_MEANWHILE, "", "Somebody else has changed the transports meanwhile.")
    refusal = site.admin.refusal("POST", "transports", {"protocol": "tcp", "port": 5099})
    assert (refusal["status"], refusal["error_id"]) == (422, CHANGED_MEANWHILE)
    assert len(asked(process)) == changes.TRIES
    assert not Entry.objects.filter(action="transport.created").exists()


def test_a_transport_that_a_trunk_needs_stays(site: Site, process: FakeGuard) -> None:
    Trunk.objects.create(name="Carrier", kind="address", transport="tls", encryption="off")
    refusal = site.admin.refusal("DELETE", "transports/tls-5061", None)
    assert (refusal["error_id"], "Carrier" in str(refusal)) == ("transport.used", True)


LINKS = [{"name": "eth1", "addresses": ["10.9.0.1"]}]
ON_LINK = {"name": "udp-5060@eth1", "protocol": "udp", "port": 5060, "clients": "none", "link": "eth1"}


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    monkeypatch.setattr(changes.guard, "listed", lambda verb, name: calls)
    return calls


def test_the_first_transport_on_a_link_waits_for_calls_and_the_next_does_not(
    site: Site, process: FakeGuard, up: list[Any]
) -> None:
    """Reference "Separate Voice and Data Traffic": the media relay starts anew for the link, and sound would end."""
    up.append({"call_id": "a"})
    wanted = {"protocol": "udp", "port": 5060, "link": "eth1"}
    refusal = site.admin.refusal("POST", "transports", wanted)
    assert (refusal["status"], refusal["field"]) == (409, "interrupt_calls")
    assert asked(process) == []
    after = {"transports": [*USUAL, {**ON_LINK, "addresses": ["10.9.0.1"]}], "links": LINKS}
    process.answers["transports.change"] = process.answers["transports.show"] = after
    made = site.admin.post("transports", protocol="udp", port=5080, link="eth1")
    assert (made["name"], made["link"]) == ("udp-5080@eth1", "eth1")
    process.answers["transports.show"] = {"transports": USUAL}
    made = site.admin.post("transports", **wanted, interrupt_calls=True)
    assert (made["name"], made["addresses"]) == ("udp-5060@eth1", ["10.9.0.1"])
    assert ON_LINK in asked(process)[-1]


def test_links_are_listed_and_wrong_ones_refused_by_their_field(site: Site, process: FakeGuard) -> None:
    process.answers["transports.show"] = {"transports": USUAL, "links": LINKS}
    assert site.admin.get("transports")["links"] == LINKS
    refusal = site.admin.refusal("POST", "transports", {"protocol": "udp", "port": 5099, "link": "a b"})
    assert (refusal["status"], refusal["error_id"], refusal["field"]) == (422, "transport.link", "link")


def test_an_address_may_be_spelled_as_others_do(site: Site, process: FakeGuard) -> None:
    """It was refused as "no name of a link, nor an address"."""
    made = site.admin.post("transports", protocol="udp", port=5099, link="2001:DB8:0::9", interrupt_calls=True)
    assert (made["name"], made["link"]) == ("udp-5099@2001:db8::9", "2001:db8::9")


def test_a_transport_is_needed_by_the_trunks_of_its_own_link(site: Site, process: FakeGuard) -> None:
    process.answers["transports.show"] = {"transports": [*USUAL, ON_LINK], "links": LINKS}
    Trunk.objects.create(name="Carrier", kind="address", transport="udp", encryption="off", link="eth1")
    refusal = site.admin.refusal("DELETE", "transports/udp-5060@eth1", None)
    assert (refusal["error_id"], "UDP (eth1)" in str(refusal)) == ("transport.used", True)
    Trunk.objects.update(link="")
    assert site.admin.call("DELETE", "transports/udp-5060@eth1")[0] == 204


def test_the_page_names_links_and_where_nobody_is_heard(site: Site, process: FakeGuard, up: list[Any]) -> None:
    gone = {**ON_LINK, "name": "udp-5060@eth7", "link": "eth7", "addresses": []}
    process.answers["transports.show"] = {"transports": [*USUAL, gone], "links": LINKS}
    text = browser().get("/transports", secure=True).content.decode()
    assert "eth1: 10.9.0.1" in text and "The link is not there" in text
    form = {"add": "1", "protocol": "udp", "port": "5060", "link": "eth1"}
    assert browser().post("/transports", form, secure=True).status_code == 302
    assert ON_LINK in asked(process)[-1]
    assert browser().post("/transports", {**form, "link": "eth9"}, secure=True).status_code == 422


def test_the_shell_lists_adds_and_removes(site: Site, process: FakeGuard, up: list[Any]) -> None:
    after = {"transports": [*USUAL, {**ON_LINK, "addresses": ["10.9.0.1"]}], "links": LINKS}
    process.answers["transports.change"] = after
    out = StringIO()
    call_command("transport", "add", "udp", "5060", "--link", "eth1", "--json", stdout=out)
    assert json.loads(out.getvalue())["items"][-1]["addresses"] == ["10.9.0.1"]
    process.answers["transports.show"] = after
    out = StringIO()
    call_command("transport", "list", stdout=out)
    assert out.getvalue().splitlines()[-1].split() == ["udp-5060@eth1", "10.9.0.1"]
    call_command("transport", "remove", "udp-5060@eth1", stdout=StringIO())
    assert ON_LINK not in asked(process)[-1]
    with pytest.raises(CommandError):
        call_command("transport", "remove", "udp-1", stdout=StringIO())


def test_the_page_adds_and_deletes(site: Site, process: FakeGuard) -> None:
    person = browser()
    page = person.get("/transports", secure=True)
    assert page.status_code == 200 and b"5061" in page.content
    assert person.post("/transports", {"add": "1", "protocol": "tcp", "port": "5099"}, secure=True).status_code == 302
    assert person.post("/transports", {"add": "1", "protocol": "tcp", "port": "8887"}, secure=True).status_code == 422
    assert person.post("/transports", {"delete": "tls-5061"}, secure=True).status_code == 302
    assert person.post("/transports", {"delete": "tls-9"}, secure=True).status_code == 422
