"""SIP transports as data (reference "Change Default SIP Transport Ports")."""

from pathlib import Path

import pytest

from ringfence.guard.kernel.sipports import SipPorts
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import Sbc, read_sbc, write_sbc
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
    paths = Paths(state=tmp_path)
    file = paths.transports
    file.parent.mkdir()
    ports = SipPorts(paths)
    assert 5060 in ports.now().udp and {5061, 5063, 5065} <= set(ports.now().tcp)
    write_transports(file, (SipTransport(Protocol.UDP, 5099),))
    assert 5099 in ports.now().udp and 5060 not in ports.now().udp
    assert 5061 not in ports.now().tcp


def test_the_sbcs_ports_are_metered_apart_while_there_is_one(tmp_path: Path) -> None:
    """Issue 6: own rate levels of the SBC."""
    paths = Paths(state=tmp_path)
    ports = SipPorts(paths)
    assert (ports.now().sbc_udp, ports.now().sbc_tcp) == ((), ())
    assert {5065, 5067} <= set(ports.now().tcp)
    write_sbc(paths.sbc_switch, Sbc(enabled=True))
    assert (ports.now().sbc_udp, ports.now().sbc_tcp) == ((5066,), (5065, 5067))
    assert ports.now().tcp == (5061, 5063)
    assert set(ports.now().all_tcp) == {5061, 5063, 5065, 5067}


@pytest.mark.parametrize("stored", ["", "[]", '{"enabled": 1}', '{"enabled": "yes"}', "nonsense"])
def test_a_switch_that_cannot_be_read_is_off(tmp_path: Path, stored: str) -> None:
    file = tmp_path / "sbc.json"
    file.write_text(stored)
    assert not read_sbc(file).enabled


def test_the_core_gives_up_what_the_sbc_serves() -> None:
    """Reference's port table: SIP on SBC."""
    assert Sbc(enabled=True).leaves(USUAL) == USUAL[:3]
    assert Sbc(enabled=False).leaves(USUAL) == USUAL


@pytest.mark.parametrize("port", [5068, 5069])
def test_no_transport_takes_the_link_of_the_sbc(port: int) -> None:
    with pytest.raises(TransportRefused, match="the link with the SBC"):
        checked([SipTransport(Protocol.TLS, port)])
