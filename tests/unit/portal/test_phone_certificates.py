"""Certificates of phones on their pages and over REST (issue 6: client certificates where wanted)."""

from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from django.utils import timezone

from ringfence.engines.certificates.phoneauthorities import check_revocations, checked_authorities
from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from ringfence.portal.phonecertificates import authority
from ringfence.portal.phonecertificates.models import Authority, PhoneCertificate
from tests.unit.portal.fakeguard import FakeGuard, answering
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

TLS = {"name": "tls-5061", "protocol": "tls", "port": 5061, "clients": "none"}


@pytest.fixture(autouse=True)
def process(site: Site) -> Iterator[FakeGuard]:
    answers: dict[str, Any] = {
        "phones.trust": {"authorities": []},
        "transports.show": {"transports": [TLS]},
        "transports.change": {"transports": [TLS]},
    }
    with answering(places.PATHS.transports_socket, answers) as fake:
        yield fake


def made(site: Site, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = site.a.post("phone-certificates", tenant_id=site.tenants["a"], extension="101", **more)
    return found


def trusted(process: FakeGuard) -> dict[str, Any]:
    return [args for verb, args in process.asked if verb == "phones.trust"][-1]


def test_it_names_its_extension_and_its_key_is_kept_nowhere(site: Site, process: FakeGuard) -> None:
    answer = made(site)
    certificate = x509.load_pem_x509_certificate(answer["certificate"].encode())
    (authority,) = checked_authorities(answer["authority"], certificate.not_valid_before_utc)
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["sip:101@a.example"]
    assert certificate.subject.rfc4514_string() == "CN=101@a.example"
    key = load_pem_private_key(answer["key"].encode(), None)
    assert key.public_key() == certificate.public_key()
    assert "phones.trust" not in process.verbs()
    assert b"PRIVATE KEY" not in bytes(Authority.objects.get().sealed_key)
    entry = Entry.objects.filter(action="phone_certificate.created").get()
    assert "PRIVATE" not in str(entry.changes)


def test_with_a_passphrase_there_is_one_file_that_it_opens(site: Site) -> None:
    answer = made(site, passphrase="correct horse battery")
    key, certificate, others = pkcs12.load_key_and_certificates(b64decode(answer["pkcs12"]), b"correct horse battery")
    assert key is not None and certificate is not None and len(others) == 1


def test_a_revoked_one_stands_in_the_list_for_ever(site: Site, process: FakeGuard) -> None:
    first, second = made(site), made(site)
    site.a.call("DELETE", f"phone-certificates/{first['id']}")
    told = trusted(process)
    check_revocations(told["revoked"], checked_authorities(told["authorities"], x509_now(first)))
    listed = x509.load_pem_x509_crl(told["revoked"].encode())
    assert [one.serial_number for one in listed] == [int(first["serial"], 16)]
    held = {row["id"]: row["revoked_at"] for row in site.a.get("phone-certificates")["items"]}
    assert held[first["id"]] is not None and held[second["id"]] is None
    site.admin.call("DELETE", f"tenants/{site.tenants['a']}")
    assert PhoneCertificate.objects.get(pk=second["id"]).tenant_id is None


def x509_now(row: dict[str, Any]) -> Any:
    return x509.load_pem_x509_certificate(row["certificate"].encode()).not_valid_before_utc


def test_what_the_core_did_not_hear_is_not_revoked(site: Site, process: FakeGuard) -> None:
    row = made(site)
    process.errors["phones.trust"] = ("certificate.refused", "", "The core did not take it.")
    assert site.a.call("DELETE", f"phone-certificates/{row['id']}")[0] == 422
    assert PhoneCertificate.objects.get().revoked_at is None


def test_another_tenant_sees_none_of_it(site: Site) -> None:
    row = made(site)
    assert site.b.get("phone-certificates")["items"] == []
    assert site.b.call("DELETE", f"phone-certificates/{row['id']}")[0] == 404
    wish = {"tenant_id": site.tenants["a"], "extension": "101"}
    assert site.b.call("POST", "phone-certificates", wish)[0] == 404
    assert site.b.call("GET", "certificates/phones")[0] == 403


def test_a_transport_asks_for_them_once_somebody_signs(site: Site, process: FakeGuard) -> None:
    status, answer = site.admin.call("PATCH", "transports/tls-5061", {"clients": "required"})
    assert (status, answer["clients"]) == (200, "required")
    verbs = process.verbs()
    assert verbs.index("phones.trust") < verbs.index("transports.change")
    wanted = [args for verb, args in process.asked if verb == "transports.change"][-1]
    assert wanted["transports"] == [{**TLS, "clients": "required", "link": ""}]
    assert Entry.objects.order_by("-pk")[0].action == "transport.changed"


def test_another_authority_signs_instead_and_ours_again(site: Site, process: FakeGuard) -> None:
    site.admin.call("PUT", "certificates/phones", {"authorities": "OTHER", "revoked": ""})
    assert trusted(process) == {"authorities": "OTHER", "revoked": ""}
    assert site.admin.refusal("PUT", "certificates/phones", {"revoked": "LIST"})["field"] == "revoked"
    site.admin.call("PUT", "certificates/phones", {})
    assert "BEGIN X509 CRL" in trusted(process)["revoked"]


def test_the_pages_do_the_same(site: Site, process: FakeGuard) -> None:
    admin = browser()
    wish = {"tenant_id": site.tenants["a"], "extension": "101", "passphrase": ""}
    file = admin.post("/phone-certificates/new", wish, secure=True)
    assert file.status_code == 200 and b"PRIVATE KEY" in file.content and file["Cache-Control"] == "no-store"
    packed = admin.post("/phone-certificates/new", {**wish, "passphrase": "correct horse battery"}, secure=True)
    assert packed["Content-Type"] == "application/x-pkcs12"
    assert admin.post("/phone-certificates/new", {**wish, "extension": "9999"}, secure=True).status_code == 422
    row = PhoneCertificate.objects.order_by("pk")[0]
    assert "101@a.example" in admin.get("/phone-certificates", secure=True).content.decode()
    assert admin.post(f"/phone-certificates/{row.pk}/revoke", secure=True).status_code == 302
    assert PhoneCertificate.objects.get(pk=row.pk).revoked_at is not None
    assert admin.get("/phone-certificates/authority", secure=True).status_code == 200
    assert admin.post("/phone-certificates/authority", {"authorities": "OTHER"}, secure=True).status_code == 302
    assert 'name="clients"' in admin.get("/transports", secure=True).content.decode()
    asked = {"ask": "tls-5061", "clients": "optional"}
    assert admin.post("/transports", asked, secure=True).status_code == 302
    assert admin.post("/transports", {**asked, "clients": "maybe"}, secure=True).status_code == 422


def test_an_authority_of_1970_signs_certificates_that_are_valid_today(site: Site, process: FakeGuard) -> None:
    """Attack case 122: a board without a battery, set up before network time came. There is no way to make another."""
    with patch.object(timezone, "now", return_value=datetime(1970, 1, 1, 0, 5, tzinfo=UTC)):
        authority.own()
    answer = made(site)
    (found,) = checked_authorities(answer["authority"], datetime.now(UTC))
    assert found.not_valid_after_utc > datetime.now(UTC)
