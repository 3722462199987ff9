"""Certificates of tenants' domains on their page and over REST (issue 6: SNI by tenant)."""

from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from tests.unit.portal.fakeguard import FakeGuard, answering
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser
from tests.unit.portal.web_access_state import CERTIFICATE

DOMAIN = "a.example"
PATH = f"certificates/sip/{DOMAIN}"
PEM = {"chain": "CHAIN", "key": "SECRET-KEY"}


@pytest.fixture(autouse=True)
def process(site: Site) -> Iterator[FakeGuard]:
    held = {"certificates": {DOMAIN: CERTIFICATE}}
    answers: dict[str, Any] = {
        "certificates.show": held,
        "certificates.put": held,
        "certificates.drop": {"certificates": {}},
        "transports.show": {"transports": []},
    }
    with answering(places.PATHS.transports_socket, answers) as fake:
        yield fake


def test_it_is_brought_and_its_key_is_kept_nowhere(site: Site, process: FakeGuard) -> None:
    status, answer = site.admin.call("PUT", PATH, PEM)
    assert (status, answer["domain"], answer["fingerprint"]) == (200, DOMAIN, "AA:BB")
    assert ("certificates.put", {"domain": DOMAIN, **PEM}) in process.asked
    entry = Entry.objects.filter(action="certificate.changed").get()
    assert entry.object_id == DOMAIN and "SECRET-KEY" not in str(entry.changes)


def test_a_domain_that_is_no_tenants_is_not_found(site: Site, process: FakeGuard) -> None:
    assert site.admin.call("PUT", "certificates/sip/nobody.example", PEM)[0] == 404
    assert "certificates.put" not in process.verbs()


def test_the_reason_of_a_refusal_is_told_at_its_field(site: Site, process: FakeGuard) -> None:
    process.errors["certificates.put"] = ("certificate.name", "chain", "It is made for another name.")
    refused = site.admin.refusal("PUT", PATH, PEM)
    assert (refused["status"], refused["field"]) == (422, "chain")
    assert not Entry.objects.filter(action="certificate.changed").exists()


def test_it_is_listed_and_dropped(site: Site, process: FakeGuard) -> None:
    assert [one["domain"] for one in site.admin.get("certificates/sip")["items"]] == [DOMAIN]
    assert site.admin.call("DELETE", PATH)[0] == 204
    assert site.admin.call("DELETE", "certificates/sip/b.example")[0] == 404
    assert Entry.objects.filter(action="certificate.deleted").count() == 1


def test_a_tenant_may_do_none_of_it(site: Site, process: FakeGuard) -> None:
    for method, path in (("GET", "certificates/sip"), ("PUT", PATH), ("DELETE", PATH)):
        assert site.a.call(method, path, PEM if method == "PUT" else None)[0] == 403
    assert process.verbs() == []


def test_the_pages_do_the_same(site: Site, process: FakeGuard) -> None:
    admin = browser()
    page = admin.get("/transports/certificates", secure=True).content.decode()
    assert DOMAIN in page and "b.example" in page and "AA:BB" in page
    form = f"/transports/certificates/{site.tenants['a']}"
    assert admin.get(form, secure=True).status_code == 200
    assert admin.post(form, PEM, secure=True).status_code == 302
    assert ("certificates.put", {"domain": DOMAIN, **PEM}) in process.asked
    assert admin.post("/transports/certificates", {"drop": DOMAIN}, secure=True).status_code == 302
    process.errors["certificates.put"] = ("certificate.name", "chain", "It is made for another name.")
    assert admin.post(form, PEM, secure=True).status_code == 422
