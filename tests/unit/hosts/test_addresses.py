"""Own addresses, gateways and resolvers, as the kernel's own words give them."""

from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from ringfence.hosts.addresses import (
    NetworkUnreadable,
    gateways,
    own_addresses,
    primary_address,
    resolvers,
    surroundings,
)


def a_link(name: str, *addresses: str, up: bool = True) -> dict[str, Any]:
    return {"ifname": name, "flags": ["UP"] if up else [], "addr_info": [{"local": address} for address in addresses]}


LINKS = [
    a_link("lo", "127.0.0.1", "::1"),
    a_link("docker0", "172.17.0.1"),
    a_link("eth0", "fe80::1", "2001:db8::5", "192.0.2.10"),
]


def test_a_link_that_is_down_has_no_addresses() -> None:
    assert own_addresses([a_link("lo", "127.0.0.1"), a_link("eth0", "192.0.2.1", up=False)]) == (
        ip_address("127.0.0.1"),
    )


@pytest.mark.parametrize(
    ("links", "routes", "override", "expected"),
    [
        (LINKS, [{"dev": "eth0"}], "", "192.0.2.10"),
        (LINKS, [{"dev": "eth0", "prefsrc": "192.0.2.99"}], "", "192.0.2.99"),
        (LINKS, [{"dev": "eth0"}], "172.17.0.1", "172.17.0.1"),
        (LINKS, [], "", "172.17.0.1"),
        ([a_link("eth0", "fe80::1", "2001:db8::5")], [{"dev": "eth0"}], "", "2001:db8::5"),
        ([a_link("lo", "127.0.0.1", "::1")], [], "", "127.0.0.1"),
        ([], [], "", "127.0.0.1"),
    ],
)
def test_the_primary_address(
    links: list[dict[str, Any]], routes: list[dict[str, Any]], override: str, expected: str
) -> None:
    assert primary_address(links, routes, override) == ip_address(expected)


@pytest.mark.parametrize("override", ["198.51.100.1", "not an address", "192.0.2.10/24"])
def test_an_override_that_is_not_ours_is_refused(override: str) -> None:
    with pytest.raises(NetworkUnreadable, match="RINGFENCE_ADDRESS"):
        primary_address(LINKS, [], override)


def test_gateways_are_named_once() -> None:
    routes = [{"gateway": "192.0.2.1"}, {"dev": "ppp0"}, {"gateway": "192.0.2.1"}, {"gateway": "fe80::1"}]
    assert gateways(routes) == (ip_address("192.0.2.1"), ip_address("fe80::1"))


def test_resolvers_are_read_without_scopes_and_nonsense(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(
        "# nameserver 1.2.3.4\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver\nnameserver x\nsearch a\n"
    )
    assert resolvers(file) == (ip_address("192.0.2.53"), ip_address("fe80::1"))
    assert resolvers(tmp_path / "none") == ()


def test_this_machine_can_be_read() -> None:
    here = surroundings({})
    assert here.primary in here.own or here.primary == ip_address("127.0.0.1")
