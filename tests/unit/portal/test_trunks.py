"""Trunks in REST, on the page, and in what workers see (reference: "Trunk Security")."""

from typing import Any

import pytest

from ringfence.hosts.transports import USUAL, Protocol, SipTransport
from ringfence.policy.trunking.trunks import CallerIn, Source, TrunkKind
from ringfence.portal import publish
from ringfence.portal.trunks import forms, wish
from ringfence.portal.trunks.compile import gateways
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

PROVIDER: dict[str, Any] = {
    "name": "Provider",
    "kind": "register",
    "hosts": [{"host": "198.51.100.10", "port": 5060}, {"host": "198.51.100.11", "port": 5070}],
    "username": "customer",
    "password": "Secret-1-of-it",
    "domain": "sip.provider.example",
    "default_number": "+493012300",
    "numbers": ["+4930123*"],
}
CARRIER: dict[str, Any] = {
    "name": "Carrier",
    "kind": "address",
    "sources": [{"cidr": "203.0.113.0/28", "port": 5060}],
    "hosts": [{"host": "203.0.113.1", "port": 5060}],
}
GATEWAY: dict[str, Any] = {
    "name": "E1", "kind": "accept_register", "username": "e1", "domain": "gw.example",
}  # fmt: skip


def test_a_registering_trunk_reaches_the_book_without_its_password(site: Site) -> None:
    made = site.admin.post("trunks", **PROVIDER)
    assert (made["has_password"], "Secret-1" in str(made)) == (True, False)
    (trunk,) = publish.book().trunks
    assert trunk.login is not None
    assert (trunk.login.realm, len(trunk.login.ha1)) == ("sip.provider.example", 32)
    assert [peer.hostport for peer in trunk.peers] == ["198.51.100.10:5060", "198.51.100.11:5070"]
    assert trunk.sources == (Source("198.51.100.10"), Source("198.51.100.11"))
    assert "Secret-1" not in str(site.admin.get("audit-log"))


def test_an_account_has_the_names_that_the_provider_gave(site: Site) -> None:
    """Two names, a domain of its own in From, the caller in a header apart; the digests are for the name of the two."""
    plain = site.admin.post("trunks", **PROVIDER)
    assert (plain["auth_username"], plain["from_domain"], plain["caller_in"]) == ("", "", "from")
    before = publish.book().trunks[0]
    assert before.login is not None
    assert (before.login.digest_name, before.own_domain, before.account_name) == (
        "customer", "sip.provider.example", "customer",
    )  # fmt: skip
    given = {"auth_username": "4711@login", "from_domain": "Customers.example", "caller_in": "remote_party_id"}
    status, changed = site.admin.call("PATCH", f"trunks/{plain['id']}", given)
    assert (status, changed["from_domain"], changed["caller_in"]) == (200, "customers.example", "remote_party_id")
    after = publish.book().trunks[0]
    assert after.login is not None
    assert (after.login.username, after.login.digest_name) == ("customer", "4711@login")
    assert (len(after.login.ha1_sha_256), after.login.ha1 != before.login.ha1) == (64, True)
    assert (after.own_domain, after.account_name, after.caller_in) == (
        "customers.example", "customer", CallerIn.REMOTE_PARTY_ID,
    )  # fmt: skip


def test_the_page_offers_where_the_callers_number_stands(site: Site) -> None:
    page = browser()
    for kind, offered in (("register", True), ("address", True), ("accept_register", False)):
        shown = page.get(f"/trunks/new/{kind}", secure=True).content.decode()
        assert ('name="caller_in"' in shown, 'name="from_domain"' in shown) == (offered, offered)


@pytest.fixture
def on_link(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """UDP on the provider's link beside the usual transports."""
    for module in (forms, wish):
        monkeypatch.setattr(
            module, "read_transports", lambda _: (*USUAL, SipTransport(Protocol.UDP, 5060, link="eth1"))
        )


def test_a_trunk_is_on_the_link_of_a_transport_that_there_is(site: Site, on_link: None) -> None:
    """Reference "Separate Voice and Data Traffic": without one nothing would be sent, or heard, without a word."""
    for body, rule in (
        ({**CARRIER, "link": "eth7"}, "trunk.link"),
        ({**CARRIER, "link": "eth1", "transport": "tls"}, "trunk.link"),
        ({**GATEWAY, "link": "eth1"}, "trunk.no_link"),
    ):
        refusal = site.admin.refusal("POST", "trunks", body)
        assert (refusal["status"], refusal["error_id"], refusal["field"]) == (422, rule, "link")
    made = site.admin.post("trunks", **CARRIER, link="eth1")
    assert (made["link"], publish.book().trunks[0].link) == ("eth1", "eth1")
    refusal = site.admin.refusal("PATCH", f"trunks/{made['id']}", {"transport": "tcp"})
    assert refusal["field"] == "link"
    assert site.admin.call("PATCH", f"trunks/{made['id']}", {"link": ""})[1]["link"] == ""


def test_the_page_offers_the_links_of_transports(site: Site, on_link: None) -> None:
    page = browser()
    assert '<option value="eth1">' in page.get("/trunks/new/address", secure=True).content.decode()
    assert 'name="link"' not in page.get("/trunks/new/accept_register", secure=True).content.decode()


def test_addresses_of_a_trunk_are_never_blocked(site: Site) -> None:
    """Reference: whitelisted trunks; peers 1.1. They are freed with the trunk."""
    made = site.admin.post("trunks", **CARRIER)
    assert {one.cidr for one in publish.book().protected_addresses} == {"203.0.113.0/28", "203.0.113.1/32"}
    site.admin.call("PATCH", f"trunks/{made['id']}", {"enabled": False})
    assert publish.book().protected_addresses == ()
    assert site.admin.call("DELETE", f"trunks/{made['id']}")[0] == 204
    assert publish.book().trunks == ()


def test_a_gateway_gets_an_account_of_its_own(site: Site) -> None:
    """Reference: "Accept Register Trunk": user name and password configured here; no right of an extension."""
    made = site.admin.post("trunks", **GATEWAY)
    assert len(made["password"]) >= 20
    (account,) = gateways()
    assert (account.aor, account.role, account.active) == ("e1@gw.example", "", True)
    assert publish.book().trunks[0].kind is TrunkKind.ACCEPT_REGISTER
    assert made["password"] not in str(site.admin.get(f"trunks/{made['id']}"))


def test_a_change_keeps_what_it_does_not_name(site: Site) -> None:
    made = site.admin.post("trunks", **PROVIDER)
    ha1 = publish.book().trunks[0].login
    status, changed = site.admin.call("PATCH", f"trunks/{made['id']}", {"max_calls": 0, "transport": "tls"})
    assert (status, changed["max_calls"], changed["username"]) == (200, 0, "customer")
    assert publish.book().trunks[0].login == ha1
    site.admin.call("PATCH", f"trunks/{made['id']}", {"realm": "other"})
    login = publish.book().trunks[0].login
    assert login is not None
    assert (login.realm, login != ha1) == ("other", True)


def test_limits_by_tenant(site: Site) -> None:
    shares = [{"tenant_id": site.tenants["a"], "max_calls": 3}]
    made = site.admin.post("trunks", **CARRIER, tenant_max_calls=shares)
    assert made["tenant_max_calls"] == shares
    assert publish.book().trunks[0].max_calls_by_tenant == {str(site.tenants["a"]): 3}


@pytest.mark.parametrize(
    ("base", "wrong", "error_id"),
    [
        (PROVIDER, {"hosts": []}, "trunk.hosts"),
        (PROVIDER, {"hosts": [{"host": "127.0.0.1", "port": 5060}]}, "trunk.host"),
        (PROVIDER, {"hosts": [{"host": "169.254.169.254", "port": 80}]}, "trunk.host"),
        (PROVIDER, {"hosts": [{"host": "::1", "port": 5060}]}, "trunk.host"),
        (PROVIDER, {"hosts": [{"host": 'x";drop', "port": 5060}]}, "trunk.host"),
        (PROVIDER, {"password": "short"}, "trunk.password"),
        (PROVIDER, {"password": None}, "trunk.no_password"),
        (PROVIDER, {"username": "a b"}, "trunk.username"),
        (PROVIDER, {"realm": 'x"y'}, "trunk.realm"),
        (PROVIDER, {"auth_username": 'x"y'}, "trunk.auth_username"),
        (PROVIDER, {"from_domain": "a b"}, "trunk.domain"),
        (CARRIER, {"auth_username": "x"}, "trunk.no_login"),
        (CARRIER, {"caller_in": "remote_party_id"}, "trunk.caller_in"),
        (GATEWAY, {"caller_in": "remote_party_id"}, "trunk.of_providers"),
        (GATEWAY, {"from_domain": "a.example"}, "trunk.of_providers"),
        (PROVIDER, {"numbers": ["030123"]}, "trunk.number"),
        (PROVIDER, {"default_number": "1"}, "trunk.number"),
        (PROVIDER, {"name": "a\nb"}, "text.control"),
        (PROVIDER, {"domain": "a\r\nb"}, "trunk.domain"),
        (PROVIDER, {"keepalive": 2}, "trunk.keepalive"),
        (CARRIER, {"sources": []}, "trunk.sources"),
        (CARRIER, {"sources": [{"cidr": "203.0.0.0/16", "port": 0}]}, "trunk.source"),
        (CARRIER, {"sources": [{"cidr": "203.0.113", "port": 0}]}, "trunk.source"),
        (CARRIER, {"username": "x"}, "trunk.no_login"),
        (GATEWAY, {"domain": "a.example"}, "trunk.domain_of_tenant"),
        (GATEWAY, {"domain": ""}, "trunk.domain"),
        (GATEWAY, {"password": "too-short"}, "trunk.password"),
        (GATEWAY, {"sources": [{"cidr": "203.0.113.1", "port": 0}]}, "trunk.no_hosts"),
        (PROVIDER, {"tenant_id": 99}, "tenant.not_found"),
        (PROVIDER, {"tenant_max_calls": [{"tenant_id": 99, "max_calls": 1}]}, "tenant.not_found"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(
    site: Site, base: dict[str, Any], wrong: dict[str, Any], error_id: str
) -> None:
    """Cases 97 and 98: no trunk to ourselves or to a metadata service, nothing that could be syntax elsewhere."""
    assert site.admin.refusal("POST", "trunks", {**base, **wrong})["error_id"] == error_id
    assert publish.book().trunks == ()


def test_a_gateways_domain_is_nobody_elses(site: Site) -> None:
    """Reference peers 2.5: the host domain of an Accept Register trunk equals no tenant's SIP domain, either way."""
    site.admin.post("trunks", **GATEWAY)
    twin = {**GATEWAY, "name": "E2", "username": "e2"}
    assert site.admin.refusal("POST", "trunks", twin)["error_id"] == "trunk.domain_taken"
    tenant = {"name": "New", "domain": "gw.example"}
    assert site.admin.refusal("POST", "tenants", tenant)["error_id"] == "tenant.domain_of_trunk"
    assert site.admin.refusal("POST", "trunks", {**CARRIER, "name": "e1"})["error_id"] == "trunk.exists"


def test_state_comes_from_the_guard(site: Site) -> None:
    made = site.admin.post("trunks", **CARRIER)
    site.guard.answers["trunks.list"] = {
        f"{made['id']} 203.0.113.1:5060": {"state": "up", "latency_ms": 12.5, "changed_at": 1.0, "detail": ""}
    }
    (peer,) = site.admin.get(f"trunks/{made['id']}")["peers"]
    assert (peer["state"], peer["latency_ms"]) == ("up", 12.5)
    assert b"12.5 ms" in browser().get("/trunks", secure=True).content
    site.guard.stop()
    assert site.admin.get("trunks")["items"][0]["peers"][0]["state"] == "unknown"


def test_a_trunk_is_made_changed_and_deleted_on_the_page(site: Site) -> None:
    client = browser()
    page = client.get("/trunks/new/address", secure=True).content.decode()
    assert "more secure" not in page
    assert "as secure as that list is strict" in page
    form = {
        "name": "Carrier", "enabled": "on", "transport": "udp", "encryption": "off", "sources": "203.0.113.0/28 5060",
        "hosts": "203.0.113.1", "keepalive": "30", "trunk_prefix": "0", "caller_in": "from",
    }  # fmt: skip
    assert client.post("/trunks/new/address", {**form, "sources": "a b c"}, secure=True).status_code == 422
    assert client.post("/trunks/new/address", form, secure=True).status_code == 302
    row = site.admin.get("trunks")["items"][0]
    assert row["sources"] == [{"cidr": "203.0.113.0/28", "port": 5060}]
    assert client.get(f"/trunks/{row['id']}", secure=True).status_code == 200
    assert client.post(f"/trunks/{row['id']}", {**form, "max_calls": "5"}, secure=True).status_code == 302
    assert site.admin.get(f"trunks/{row['id']}")["max_calls"] == 5
    assert b"Carrier" in client.get("/trunks?format=csv", secure=True).getvalue()
    assert client.post(f"/trunks/{row['id']}/delete", secure=True).status_code == 302
    assert site.admin.get("trunks")["count"] == 0


def test_a_gateways_password_is_shown_once(site: Site) -> None:
    client = browser()
    form = {
        "name": "E1", "enabled": "on", "transport": "udp", "encryption": "off", "username": "e1",
        "domain": "gw.example", "trunk_prefix": "0",
    }  # fmt: skip
    shown = client.post("/trunks/new/accept_register", form, secure=True)
    assert shown.status_code == 200
    assert b"shown this once" in shown.content


def test_limits_by_tenant_stand_on_the_page_as_in_rest(site: Site) -> None:
    """Reference: "Maximum Concurrent Call Limits": at global and at tenant level; the page had the first alone."""
    made = site.admin.post("trunks", **CARRIER)
    page, path = browser(), f"/trunks/{made['id']}"
    said = {"name": "Carrier", "transport": "udp", "encryption": "offered", "caller_in": "from", "keepalive": "30",
            "hosts": "203.0.113.1", "sources": "203.0.113.0/28 5060", "enabled": "on"}  # fmt: skip
    assert page.post(path, {**said, "tenant_max_calls": "A.example 3\n\nb.example  0"}, secure=True).status_code == 302
    limits = {one["tenant_id"]: one["max_calls"] for one in site.admin.get(path[1:])["tenant_max_calls"]}
    assert limits == {site.tenants["a"]: 3, site.tenants["b"]: 0}
    assert "a.example 3\nb.example 0</textarea>" in page.get(path, secure=True).content.decode()
    wrong = {"a.example": "is not a SIP", "a.example x": "is not a SIP", "a.example 1000000": "A limit is",
             "c.example 3": "There is no tenant with the SIP domain c.example."}  # fmt: skip
    for text, why in wrong.items():
        answer = page.post(path, {**said, "tenant_max_calls": text}, secure=True)
        assert (answer.status_code, why in answer.content.decode()) == (422, True), text
    assert page.post(path, {**said, "tenant_max_calls": ""}, secure=True).status_code == 302
    assert site.admin.get(path[1:])["tenant_max_calls"] == []
