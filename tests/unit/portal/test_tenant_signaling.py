"""Tenants whose extensions speak TLS alone (reference: "TLS and WSS for SIP Signaling")."""

from typing import Any

import pytest

from ringfence.hosts.transports import Protocol, SipTransport
from ringfence.portal.audit.models import Entry
from ringfence.portal.problems import Refused
from ringfence.portal.provisioning.models import Phone
from ringfence.portal.provisioning.sheet import sheet_of
from ringfence.portal.tenants import signaling
from tests.unit.portal.rest import Site
from tests.unit.portal.store import policy
from tests.unit.portal.test_pages import browser

PATH = "tenants/{}/signaling"


def is_tls_only(site: Site, tenant: str = "a") -> bool:
    with policy() as reader:
        book = reader.book()
    assert book is not None
    return next(one for one in book.tenants if one.id == site.tenants[tenant]).tls_only


def test_the_switch_is_in_force_and_audited(site: Site) -> None:
    path = PATH.format(site.tenants["a"])
    assert site.a.get(path) == {"tls_only": False, "sha_256_digests": False}
    assert site.a.call("PATCH", path, {"tls_only": True}) == (200, {"tls_only": True, "sha_256_digests": False})
    assert (is_tls_only(site), is_tls_only(site, "b")) == (True, False)
    assert Entry.objects.order_by("-pk")[0].action == "tenant.signaling_changed"


def test_what_is_left_out_stays(site: Site) -> None:
    path = PATH.format(site.tenants["a"])
    site.a.call("PATCH", path, {"tls_only": True})
    assert site.a.call("PATCH", path, {"sha_256_digests": True}) == (200, {"tls_only": True, "sha_256_digests": True})
    with policy() as reader:
        book = reader.book()
    assert book is not None
    assert [one.sha_256_digests for one in book.tenants if one.id == site.tenants["a"]] == [True]


def test_another_tenant_sees_and_sets_nothing(site: Site) -> None:
    path = PATH.format(site.tenants["b"])
    assert site.a.call("GET", path)[0] == 404
    assert site.a.call("PATCH", path, {"tls_only": True})[0] == 404
    assert not is_tls_only(site, "b")


def test_without_an_encrypted_transport_nobody_is_locked_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signaling, "read_transports", lambda path: (SipTransport(Protocol.UDP, 5060),))
    refused = site.a.refusal("PATCH", PATH.format(site.tenants["a"]), {"tls_only": True})
    assert (refused["status"], refused["field"]) == (422, "tls_only")
    assert not is_tls_only(site)


def test_the_last_encrypted_transport_stays(site: Site) -> None:
    left = (SipTransport(Protocol.UDP, 5060),)
    signaling.refuse_last_encrypted(left)
    site.a.call("PATCH", PATH.format(site.tenants["a"]), {"tls_only": True})
    with pytest.raises(Refused):
        signaling.refuse_last_encrypted(left)


def test_phones_are_set_to_tls(site: Site) -> None:
    """A phone that was set to UDP before gets TLS from its file; a new one for UDP is refused."""
    tenant = site.tenants["a"]
    wish: dict[str, Any] = {"tenant_id": tenant, "extension": "101", "vendor": "snom", "transport": "udp"}
    site.a.post("phones", **wish, mac="000413aabbcc")
    site.a.call("PATCH", PATH.format(site.tenants["a"]), {"tls_only": True})
    assert sheet_of(Phone.objects.get(mac="000413aabbcc")).account.transport == "tls"
    refused = site.a.refusal("POST", "phones", {**wish, "mac": "000413aabbcd"})
    assert (refused["status"], refused["field"]) == (422, "transport")


def test_the_page_sets_the_same(site: Site) -> None:
    page = f"/tenants/{site.tenants['a']}/signaling"
    admin = browser()
    assert "403 Use TLS" in admin.get(page, secure=True).content.decode()
    assert admin.post(page, {"tls_only": "on"}, secure=True).status_code == 302
    assert is_tls_only(site)
