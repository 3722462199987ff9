"""SIP transports as data (reference "Change Default SIP Transport Ports")."""

from pathlib import Path

import pytest

from ringfence.guard.sipports import SipPorts
from ringfence.hosts.transports import (
    USUAL,
    Protocol,
    SipTransport,
    TransportRefused,
    checked,
    read_transports,
    write_transports,
)

UDP = SipTransport(Protocol.UDP, 5060)


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [
        ((), "transport.last"),
        ((UDP, SipTransport(Protocol.TCP, 80)), "transport.port"),
        ((UDP, SipTransport(Protocol.TCP, 8887)), "transport.taken"),
        ((SipTransport(Protocol.UDP, 50000),), "transport.taken"),
        ((SipTransport(Protocol.UDP, 2223),), "transport.taken"),
        ((SipTransport(Protocol.TCP, 5070), SipTransport(Protocol.TLS, 5070)), "transport.taken"),
        (tuple(SipTransport(Protocol.UDP, 6000 + n) for n in range(20)), "transport.too_many"),
    ],
)
def test_a_set_that_cannot_be_in_force_is_refused(wanted: tuple[SipTransport, ...], rule: str) -> None:
    with pytest.raises(TransportRefused) as refused:
        checked(wanted)
    assert refused.value.rule == rule


def test_one_port_may_be_udp_and_tcp() -> None:
    both = (SipTransport(Protocol.TCP, 5091), SipTransport(Protocol.UDP, 5091))
    assert checked(both) == (both[1], both[0])


def test_what_is_written_is_read_and_what_is_broken_means_the_usual(tmp_path: Path) -> None:
    file = tmp_path / "transports.json"
    assert read_transports(file) == USUAL
    write_transports(file, (UDP,))
    assert read_transports(file) == (UDP,)
    for broken in ("", "[]", '[{"protocol": "sctp", "port": 1}]', '[{"port": 5060}]', "7"):
        file.write_text(broken)
        assert read_transports(file) == USUAL


def test_the_guard_meters_the_ports_in_force(tmp_path: Path) -> None:
    file = tmp_path / "transports.json"
    ports = SipPorts(file)
    assert 5060 in ports.now().udp and {5061, 5063, 5065} <= set(ports.now().tcp)
    write_transports(file, (SipTransport(Protocol.UDP, 5099),))
    assert 5099 in ports.now().udp and 5060 not in ports.now().udp
    assert 5061 not in ports.now().tcp
