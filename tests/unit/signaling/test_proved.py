"""Calls over TLS take only a connection on which the provider proved who it is (reference: "Trunk Security")."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509

from ringfence.policy.trunking.trunks import Peer, Trunk, TrunkKind, TrunkTransport
from tests.unit.policy.test_servernames import pem
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

ADDRESS = "192.0.2.1:5061"
TRUNK = Trunk(
    7,
    "Carrier",
    TrunkKind.REGISTER,
    transport=TrunkTransport.TLS,
    peers=(Peer("192.0.2.1", 5061, "sip.carrier.example"),),
    domain="carrier.example",
)


class Core(Kamailio):
    """A core with one connection, 5, over which an answer came."""

    def __init__(self, certificate: str) -> None:
        super().__init__()
        self.kept: dict[str, str] = {}
        self.facts: dict[str, Any] = {"$tls_peer_raw_cert": certificate, "$conid": 5}
        self.answers |= {
            "tls.is_peer_verified": 1,
            "pv.get": self.facts.get,
            "tcpops.tcp_set_connection_lifetime_cid": 1,
            "tcpops.tcp_conid_alive": lambda connection: 1 if connection == 5 else -1,
            "tcpops.tcp_set_otcpid": 1,
            "tcpops.tcp_set_otcpid_flag": 1,
            "set_forward_no_connect": None,
            "htable.sht_sets": lambda _, name, value: self.kept.update({name: value}),
            "htable.sht_get": lambda _, name: self.kept.get(name),
        }


@pytest.fixture
def core() -> Iterator[Core]:
    with loaded() as kamailio:
        made = Core(pem(x509.DNSName("carrier.example")))
        kamailio.answers, kamailio.calls = made.answers, made.calls
        yield made


def test_the_right_certificate_proves_its_connection(core: Core) -> None:
    from ringfence.signaling.trunking import proved

    assert not proved.is_open(TRUNK, ADDRESS)
    assert not proved.take(TRUNK, ADDRESS)
    assert proved.objection(TRUNK, ADDRESS) == ""
    assert proved.take(TRUNK, ADDRESS)
    assert core.arguments_of("tcpops.tcp_set_otcpid") == [(5,)]
    assert core.arguments_of("set_forward_no_connect") == [()]


@pytest.mark.parametrize(
    ("facts", "verified", "said"),
    [
        ({"$tls_peer_raw_cert": pem(x509.DNSName("evil.example"))}, 1, "for evil.example"),
        ({"$tls_peer_raw_cert": None}, 1, "for nobody"),
        ({}, -1, "no authority"),
        ({}, False, "no authority"),
    ],
)
def test_any_other_proves_nothing(core: Core, facts: dict[str, Any], verified: Any, said: str) -> None:
    """Also a call of the core that fails without a word, which answers False."""
    from ringfence.signaling.trunking import proved

    core.facts |= facts
    core.answers["tls.is_peer_verified"] = verified
    assert said in proved.objection(TRUNK, ADDRESS)
    assert core.kept == {}
    assert not proved.take(TRUNK, ADDRESS)


def test_a_closed_connection_and_another_name_need_a_new_proof(core: Core) -> None:
    from dataclasses import replace

    from ringfence.signaling.trunking import proved

    assert proved.objection(TRUNK, "192.0.2.9:5061") != ""
    assert proved.objection(TRUNK, ADDRESS) == ""
    renamed = replace(TRUNK, peers=(Peer("192.0.2.1", 5061, "sip.other.example"),))
    assert not proved.is_open(renamed, ADDRESS)
    core.answers["tcpops.tcp_conid_alive"] = -2
    assert not proved.is_open(TRUNK, ADDRESS)
