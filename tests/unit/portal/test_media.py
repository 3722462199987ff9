"""Media encryption of tenants and extensions (reference: "SRTP and DTLS-SRTP for Audio and Video")."""

import pytest

from ringfence.policy.relay.encryption import Encryption, Terms
from ringfence.portal.audit.models import Entry
from tests.unit.portal.rest import Site
from tests.unit.portal.store import policy
from tests.unit.portal.test_pages import browser

TENANT = "tenants/{}/media"


def terms_of(site: Site, tenant: str = "a") -> Terms:
    with policy() as reader:
        book = reader.book()
    assert book is not None
    return next(one for one in book.tenants if one.id == site.tenants[tenant]).terms


def test_a_tenant_offers_unless_it_says_otherwise(site: Site) -> None:
    assert site.a.get(TENANT.format(site.tenants["a"])) == {"encryption": "offered", "aes_256_only": False}
    assert terms_of(site) == Terms()


def test_what_is_set_is_in_force_and_audited(site: Site) -> None:
    path = TENANT.format(site.tenants["a"])
    status, answer = site.a.call("PATCH", path, {"encryption": "required"})
    assert (status, answer) == (200, {"encryption": "required", "aes_256_only": False})
    site.a.call("PATCH", path, {"aes_256_only": True})
    assert terms_of(site) == Terms(Encryption.REQUIRED, strong=True)
    assert terms_of(site, "b") == Terms()
    assert Entry.objects.order_by("-pk")[0].action == "tenant.media_changed"


def test_an_extension_may_differ_and_go_back(site: Site) -> None:
    path = f"users/{site.users['101@a.example']}/media"
    assert site.a.get(path) == {"encryption": None, "in_force": "offered"}
    status, answer = site.a.call("PUT", path, {"encryption": "required"})
    assert (status, answer) == (200, {"encryption": "required", "in_force": "required"})
    with policy() as reader:
        subscriber = reader.subscriber("101@a.example")
    assert subscriber is not None
    assert subscriber.calling.encryption is Encryption.REQUIRED
    assert site.a.call("PUT", path, {"encryption": None})[1] == {"encryption": None, "in_force": "offered"}


@pytest.mark.parametrize("value", ["always", "", 1])
def test_another_word_is_refused_with_the_field(site: Site, value: object) -> None:
    refused = site.a.refusal("PATCH", TENANT.format(site.tenants["a"]), {"encryption": value})
    assert (refused["status"], refused["field"]) == (422, "encryption")


def test_another_tenant_sees_and_sets_nothing(site: Site) -> None:
    for method, path in (
        ("GET", TENANT.format(site.tenants["b"])),
        ("GET", f"users/{site.users['101@b.example']}/media"),
    ):
        assert site.a.call(method, path)[0] == 404


def test_the_pages_set_the_same(site: Site) -> None:
    admin = browser()
    tenant = f"/tenants/{site.tenants['a']}/media"
    assert "DTLS-SRTP" in admin.get(tenant, secure=True).content.decode()
    assert admin.post(tenant, {"encryption": "off"}, secure=True).status_code == 302
    assert terms_of(site) == Terms(Encryption.OFF)
    user = f"/users/{site.users['101@a.example']}/media"
    assert admin.post(user, {"encryption": "offered"}, secure=True).status_code == 302
    assert site.a.get(f"users/{site.users['101@a.example']}/media")["encryption"] == "offered"
    assert admin.post(user, {"encryption": "sometimes"}, secure=True).status_code == 422
