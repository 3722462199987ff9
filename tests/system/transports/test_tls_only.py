"""Tenants whose extensions speak TLS alone (reference: "TLS and WSS for SIP Signaling")."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport, end_call, establish
from ringfence.lab.webphone import WebPhone
from tests.system.features.steps import branch_of

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
DOMAIN = "sealed.example"
PORTS = {Transport.UDP: 5060, Transport.TCP: 5063, Transport.TLS: 5061}


@pytest.fixture(scope="module")
def tenant(pbx: Any) -> dict[str, Any]:
    made: dict[str, Any] = pbx.product.create_tenant("Sealed", DOMAIN)
    return made


@pytest.fixture(scope="module")
def accounts(pbx: Any, tenant: dict[str, Any]) -> dict[str, Account]:
    numbers = ("701", "702")
    return {
        number: Account(number, DOMAIN, pbx.product.create_user(tenant, number)["sip_secret"]) for number in numbers
    }


@pytest.fixture
def tls_only(pbx: Any, tenant: dict[str, Any]) -> Iterator[Callable[[bool], None]]:
    def switch(on: bool) -> None:
        pbx.rest.patch(f"tenants/{tenant['id']}/signaling", tls_only=on)

    yield switch
    switch(False)


def test_a_phone_of_a_tenant_with_tls_only_is_refused_in_the_clear_and_not_called_there(
    pbx: Any, stranger: Callable[[], Host], accounts: dict[str, Account], tls_only: Callable[[bool], None]
) -> None:
    """The registration over UDP from before is passed over; what Via and Contact claim changes nothing."""

    def at(number: str, transport: Transport) -> Softphone:
        return Softphone(stranger(), (PBX_ADDRESS, PORTS[transport]), accounts[number], transport)

    with at("701", Transport.UDP) as plain, at("701", Transport.TCP) as stream, at("702", Transport.TLS) as secure:
        assert plain.register().status == 200
        assert secure.register().status == 200
        dialog, _ = establish(secure, plain)
        assert end_call(secure, plain, dialog).status == 200
        tls_only(True)
        within(5, lambda: plain.register().start_line.endswith("403 Use TLS"), "UDP is refused")
        assert stream.register().start_line.endswith("403 Use TLS")
        assert _pretends_to_be_encrypted(plain).start_line.endswith("403 Use TLS")
        _, headers = secure.begin_call("701")
        assert secure.final(branch_of(headers)).status == 480
        assert plain.requests_within(0.3) == []
        _, headers = plain.begin_call("702")
        assert plain.final(branch_of(headers)).status == 403
        assert secure.requests_within(0.3) == []
        with at("701", Transport.TLS) as moved:
            claimed = moved.contact.replace("transport=tls", "transport=udp")
            assert moved.register(contact=claimed).status == 200
            dialog, _ = establish(secure, moved)
            assert end_call(secure, moved, dialog).status == 200
            assert plain.requests_within(0.3) == []
            assert moved.register(expires=0).status == 200


def test_a_browser_of_such_a_tenant_registers_and_others_are_not_touched(
    phone: Any, stranger: Callable[[], Host], accounts: dict[str, Account], tls_only: Callable[[bool], None]
) -> None:
    tls_only(True)
    with WebPhone(stranger(), (PBX_ADDRESS, 5065), accounts["702"], f"https://{PBX_ADDRESS}:10443", "sip") as browser:
        assert browser.register().status == 200
        assert browser.register(expires=0).status == 200
    assert phone("703").register().status == 200


def _pretends_to_be_encrypted(phone: Softphone) -> sip.Message:
    """Over UDP, with a Via and a Contact that say TLS."""
    headers = phone.headers("REGISTER", phone.account.aor)
    via = dict(headers)["Via"].replace("SIP/2.0/UDP", "SIP/2.0/TLS")
    headers = sip.with_header(headers, "Via", via)
    headers = sip.with_header(headers, "Contact", f"<sip:701@{phone.hostport};transport=tls>")
    return phone.ask("REGISTER", f"sip:{DOMAIN}", [*headers, ("Expires", "300")])
