"""Transports on their page and over REST (reference "Change Default SIP Transport Ports")."""

from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.portal import places
from ringfence.portal.audit.models import Entry
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


def test_a_transport_that_a_trunk_needs_stays(site: Site, process: FakeGuard) -> None:
    Trunk.objects.create(name="Carrier", kind="address", transport="tls", encryption="off")
    refusal = site.admin.refusal("DELETE", "transports/tls-5061", None)
    assert (refusal["error_id"], "Carrier" in str(refusal)) == ("transport.used", True)


def test_the_page_adds_and_deletes(site: Site, process: FakeGuard) -> None:
    person = browser()
    page = person.get("/transports", secure=True)
    assert page.status_code == 200 and b"5061" in page.content
    assert person.post("/transports", {"add": "1", "protocol": "tcp", "port": "5099"}, secure=True).status_code == 302
    assert person.post("/transports", {"add": "1", "protocol": "tcp", "port": "8887"}, secure=True).status_code == 422
    assert person.post("/transports", {"delete": "tls-5061"}, secure=True).status_code == 302
    assert person.post("/transports", {"delete": "tls-9"}, secure=True).status_code == 422
