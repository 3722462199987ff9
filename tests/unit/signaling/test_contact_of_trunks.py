"""Where a provider is told to call us (reference "SIP Trunk Authentication", "Cloud Deployment Best Practices")."""

import pytest

from ringfence.policy.trunks import Login, Trunk, TrunkKind, TrunkTransport
from tests.unit.signaling.fake_kamailio import loaded

PORTS = {"udp": 5060, "tcp": 5063, "tls": 15061}


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
        from ringfence.signaling.keeping import contact_of

        assert contact_of(a_trunk(transport), PORTS) == contact


def a_trunk(transport: TrunkTransport) -> Trunk:
    login = Login(username="customer", realm="provider.example", ha1="0" * 32)
    return Trunk(id=1, name="Provider", kind=TrunkKind.REGISTER, transport=transport, login=login)
