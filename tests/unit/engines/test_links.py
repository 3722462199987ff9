"""Reference "Separate Voice and Data Traffic": a provider's link in the files of the engines (ADR 62)."""

from dataclasses import replace
from ipaddress import ip_address

from ringfence.engines.edge.sbc import render_sbc_media
from ringfence.engines.free_ports import endpoints
from ringfence.engines.kamailio import NamedPair, render_core, render_tls
from ringfence.engines.rtpengine import faults, render_media
from ringfence.engines.system import System
from ringfence.hosts.addresses import Link
from ringfence.hosts.sbc import Sbc
from ringfence.hosts.transports import USUAL, ClientCertificates, Protocol, SipTransport
from tests.unit.engines.systems import a_system

CARRIER, CARRIER6, PUBLIC = map(ip_address, ("10.9.0.1", "2001:db8:9::1", "203.0.113.9"))
THERE = (SipTransport(Protocol.UDP, 5060, link="eth1"), SipTransport(Protocol.TLS, 5061, link="eth1"))


def with_a_link(*transports: SipTransport) -> System:
    system = a_system()
    links = (Link("eth0", (system.network.primary,)), Link("eth1", (CARRIER, CARRIER6)))
    own = (*system.network.own, CARRIER, CARRIER6)
    network = replace(system.network, own=own, bindable=links)
    return replace(system, network=network, transports=(*USUAL, *(transports or THERE)))


def reached_by_ipv4_alone(system: System) -> System:
    """The office has no IPv6 address, or the carrier's would be the usual one of that family."""
    return replace(system, network=replace(system.network, own=system.network.own[:-1]))


def sockets(text: str) -> list[str]:
    return [line.partition(" name ")[0] for line in text.splitlines() if line.startswith("listen=")]


def test_it_is_heard_there_after_the_usual_sockets_and_under_no_public_address() -> None:
    """Kamailio sends from its first socket where nobody chose one; a public address stands for the usual one alone."""
    system = replace(reached_by_ipv4_alone(with_a_link()), public=PUBLIC)
    found = sockets(render_core(system))
    assert found[8:12] == [
        "listen=udp:10.9.0.1:5060",
        "listen=tls:10.9.0.1:5061",
        "listen=udp:[2001:db8:9::1]:5060",
        "listen=tls:[2001:db8:9::1]:5061",
    ]
    assert found[0] == f"listen=udp:192.0.2.10:5060 advertise {PUBLIC}:5060"
    assert found[-1] == "listen=udp:127.0.0.1:5071"


def test_workers_are_told_the_addresses_of_each_link_and_nothing_without_one() -> None:
    text = render_core(reached_by_ipv4_alone(with_a_link()))
    assert '"links=s:=192.0.2.10 eth1=10.9.0.1,2001:db8:9::1"' in text
    assert "links=" not in render_core(a_system())


def test_what_is_hidden_stands_under_the_address_of_the_socket() -> None:
    """Kamailio does that for sockets with names, and for an empty mask alone."""
    text = render_core(with_a_link())
    assert 'modparam("topoh", "mask_ip", "")' in text
    named = [line for line in text.splitlines() if line.startswith("listen=") and ' name "' in line]
    assert len(named) == len(sockets(text))


def test_the_relay_has_an_interface_for_each_link_and_the_sbcs_relay_none() -> None:
    system = replace(reached_by_ipv4_alone(with_a_link()), sbc=Sbc(enabled=True))
    media = render_media(system)
    assert "interface = 192.0.2.10;link-eth1/10.9.0.1;link-eth1/2001:db8:9::1\n" in media
    assert faults(media) == ""
    assert "link-" not in render_sbc_media(system)


def test_a_link_that_is_gone_stops_nothing_and_is_heard_nowhere() -> None:
    system = with_a_link(SipTransport(Protocol.UDP, 5060, link="eth7"))
    assert sockets(render_core(system)) == sockets(render_core(replace(system, transports=USUAL)))
    assert "link-" not in render_media(system)
    assert not any(str(one.address) == "10.9.0.1" for one in endpoints(system, frozenset({"core"})))


def test_the_sbc_takes_no_port_of_a_link_over() -> None:
    system = replace(with_a_link(SipTransport(Protocol.TCP, 5070, link="eth1")), sbc=Sbc(enabled=True))
    assert SipTransport(Protocol.TCP, 5070, link="eth1") in system.core_transports


def test_certificates_are_shown_and_asked_for_on_the_link_as_well() -> None:
    asking = SipTransport(Protocol.TLS, 5062, ClientCertificates.REQUIRED, "eth1")
    system = with_a_link(*THERE, asking)
    pair = NamedPair("acme.example", system.paths.web_certificate, system.paths.web_key)
    text = render_tls(system, [pair])
    assert "[server:10.9.0.1:5061]" in text
    assert "[server:10.9.0.1:5062]" in text


def test_the_ports_of_the_link_are_asked_for_before_the_start() -> None:
    wanted = {str(one) for one in endpoints(with_a_link(), frozenset({"core"}))}
    assert {"10.9.0.1 port 5060/udp", "10.9.0.1 port 5061/tcp", "192.0.2.10 port 5060/udp"} <= wanted
