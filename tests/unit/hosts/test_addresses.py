"""Own addresses, gateways and resolvers, as the kernel's own words give them."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from ringfence.hosts.addresses import (
    NetworkUnreadable,
    Surroundings,
    gateways,
    own_addresses,
    primary_address,
    refuse_foreign,
    resolved,
    resolvers,
    surroundings,
    time_servers,
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


@pytest.mark.parametrize("override", ["not an address", "192.0.2.10/24"])
def test_an_override_that_is_no_address_is_refused(override: str) -> None:
    with pytest.raises(NetworkUnreadable, match="RINGFENCE_ADDRESS"):
        primary_address(LINKS, [], override)


def test_a_start_refuses_an_override_that_is_not_ours_and_whoever_runs_still_sees_the_network() -> None:
    """The guard could not read gateway and own addresses any more once the address was gone."""
    gone = primary_address(LINKS, [], "198.51.100.1")
    around = Surroundings(primary=gone, own=own_addresses(LINKS), gateways=(), resolvers=())
    assert not around.has_primary
    with pytest.raises(NetworkUnreadable, match=r"RINGFENCE_ADDRESS 198\.51\.100\.1"):
        refuse_foreign(around)
    refuse_foreign(replace(around, primary=own_addresses(LINKS)[0]))


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


def test_time_servers_come_from_the_configuration_of_the_time_service(tmp_path: Path) -> None:
    """Attack case 54: a forged packet from a time server must not stop the clock."""
    (tmp_path / "chrony.conf").write_text("# server 192.0.2.9\nserver 192.0.2.1 iburst\npool ntp.example iburst\n")
    (tmp_path / "timesyncd.conf").write_text("[Time]\nNTP=192.0.2.1 2001:db8::1\n#NTP=192.0.2.8\n")
    known = {"192.0.2.1": ["192.0.2.1"], "2001:db8::1": ["2001:db8::1"], "ntp.example": ["192.0.2.2", "192.0.2.3"]}
    found = time_servers(
        [tmp_path / "chrony.conf", tmp_path / "timesyncd.conf", tmp_path / "missing"],
        lambda name: [ip_address(text) for text in known[name]],
    )
    assert [str(one) for one in found] == ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"]


def test_an_address_needs_no_name_server_and_a_name_without_answer_is_left_out() -> None:
    assert [str(one) for one in resolved("192.0.2.1")] == ["192.0.2.1"]
    assert resolved("name.invalid") == ()
