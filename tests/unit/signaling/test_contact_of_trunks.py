"""Where a provider is told to call us (reference "SIP Trunk Authentication", "Cloud Deployment Best Practices")."""

from dataclasses import replace

import pytest

from ringfence.policy.trunking.trunks import Login, Trunk, TrunkKind, TrunkTransport
from tests.unit.signaling.fake_kamailio import loaded

PORTS = {("", "udp"): 5060, ("", "tcp"): 5063, ("", "tls"): 15061, ("eth1", "udp"): 5070}


@pytest.mark.parametrize(
    ("outer", "transport", "contact"),
    [
        ("203.0.113.9", TrunkTransport.UDP, "sip:customer@203.0.113.9:5060;transport=udp"),
        ("203.0.113.9", TrunkTransport.TLS, "sip:customer@203.0.113.9:15061;transport=tls"),
        ("2001:db8::9", TrunkTransport.TCP, "sip:customer@[2001:db8::9]:5063;transport=tcp"),
    ],
)
def test_it_is_the_address_that_others_are_told_and_a_port_in_force(
    outer: str, transport: TrunkTransport, contact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_OUTER_ADDRESS", outer)
    with loaded():
        from ringfence.signaling.trunking.keeping import contact_of

        assert contact_of(a_trunk(transport), PORTS) == contact


@pytest.mark.parametrize(("address", "shown"), [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "[2001:db8::1]")])
def test_on_a_link_of_its_own_it_is_the_address_and_the_port_there(
    address: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reference "Separate Voice and Data Traffic": a provider on a dedicated link cannot reach any other address."""
    monkeypatch.setenv("RINGFENCE_OUTER_ADDRESS", "203.0.113.9")
    with loaded():
        from ringfence.signaling.trunking.keeping import contact_of

        trunk = replace(a_trunk(TrunkTransport.UDP), link="eth1")
        assert contact_of(trunk, PORTS, address) == f"sip:customer@{shown}:5070;transport=udp"


def a_trunk(transport: TrunkTransport) -> Trunk:
    login = Login(username="customer", realm="provider.example", ha1="0" * 32)
    return Trunk(id=1, name="Provider", kind=TrunkKind.REGISTER, transport=transport, login=login)
