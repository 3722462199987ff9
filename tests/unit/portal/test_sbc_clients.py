"""Whether the SBC asks phones for certificates (issue 6, docs/adr/0064): REST, page, audit."""

from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.engines.edge.sbcfront import write_clients
from ringfence.hosts.sbc import Sbc, write_sbc
from ringfence.hosts.transports import ClientCertificates
from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from tests.unit.portal.fakeguard import FakeGuard, answering
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser


@pytest.fixture(autouse=True)
def process(site: Site) -> Iterator[FakeGuard]:
    places.PATHS.sbc_clients.parent.mkdir(parents=True, exist_ok=True)
    places.PATHS.sbc_clients.unlink(missing_ok=True)
    answers: dict[str, Any] = {"phones.trust": {"authorities": []}, "sbc.ask": {"clients": "required"}}
    with answering(places.PATHS.transports_socket, answers) as fake:
        yield fake


def test_whoever_signs_is_told_before_anybody_is_asked(site: Site, process: FakeGuard) -> None:
    assert site.admin.call("PATCH", "sbc", {"clients": "required"})[0] == 200
    verbs = process.verbs()
    assert verbs.index("phones.trust") < verbs.index("sbc.ask")
    entry = Entry.objects.order_by("-pk")[0]
    assert entry.action == "sbc.changed" and "required" in str(entry.changes)
    write_clients(places.PATHS.sbc_clients, ClientCertificates.REQUIRED)
    assert site.admin.get("sbc")["clients"] == "required"


def test_what_it_refuses_is_told_and_not_recorded(site: Site, process: FakeGuard) -> None:
    process.errors["sbc.ask"] = ("sbc.none", "clients", "There is no SBC")
    assert site.admin.refusal("PATCH", "sbc", {"clients": "optional"})["field"] == "clients"
    assert site.admin.call("PATCH", "sbc", {"clients": "maybe"})[0] == 422
    assert not Entry.objects.filter(action="sbc.changed").exists()
    assert site.a.call("PATCH", "sbc", {"clients": "none"})[0] == 403


def test_the_page_does_the_same(site: Site, process: FakeGuard) -> None:
    admin = browser()
    assert admin.post("/sbc", {"clients": "optional"}, secure=True).status_code == 302
    assert admin.post("/sbc", {"clients": "maybe"}, secure=True).status_code == 422
    process.errors["sbc.ask"] = ("sbc.none", "clients", "There is no SBC")
    assert b"There is no SBC" in admin.post("/sbc", {"clients": "optional"}, secure=True).content


def test_the_page_says_where_an_sbc_elsewhere_opens_web_pages(site: Site) -> None:
    """docs/adr/0065: provisioning only while it is switched on."""
    write_sbc(places.PATHS.sbc_switch, Sbc(far="198.51.100.2", here="192.0.2.1"))
    try:
        assert site.admin.get("sbc")["pages"] == ["https://198.51.100.2:10443/", "https://198.51.100.2:8883/"]
        assert b"https://198.51.100.2:10443/" in browser().get("/sbc", secure=True).content
    finally:
        places.PATHS.sbc_switch.unlink()
