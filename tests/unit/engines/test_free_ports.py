"""A port somebody else holds is noticed before anything starts."""

import socket
from ipaddress import ip_address

from ringfence.engines.free_ports import Endpoint, endpoints, taken
from ringfence.hosts.ports import Transport
from tests.unit.engines.systems import a_system

LOOPBACK = ip_address("127.0.0.1")


def test_a_taken_port_is_found_and_a_free_one_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = Endpoint(LOOPBACK, server.getsockname()[1], Transport.TCP)
        free = Endpoint(LOOPBACK, held.port, Transport.UDP)
        assert taken([held, free]) == (held,)
    assert taken([held]) == ()


def test_an_address_we_do_not_have_is_not_called_taken() -> None:
    assert taken([Endpoint(ip_address("192.0.2.77"), 5060, Transport.UDP)]) == ()


def test_only_the_parts_asked_for_count() -> None:
    assert [str(endpoint) for endpoint in endpoints(a_system(), frozenset({"web"}))] == [
        "0.0.0.0 port 8887/tcp",
        "0.0.0.0 port 10443/tcp",
        "0.0.0.0 port 8885/tcp",
    ]
    assert len(endpoints(a_system(), frozenset({"core", "media", "web"}))) == 13
