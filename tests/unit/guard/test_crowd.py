"""Attack case 43: what strangers hold open is counted, not only what they open."""

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from ringfence.guard.kernel.connections import Open
from ringfence.guard.offenders.crowd import Crowd
from ringfence.policy.addresses import Address

pytestmark = pytest.mark.unit

OFFICE = ip_address("192.0.2.1")


class Sockets:
    """Open connections that we own."""

    def __init__(self) -> None:
        self.open: dict[Open, Address] = {}

    def connect(self, address: str, count: int = 1) -> None:
        for _ in range(count):
            self.open[(2, len(self.open).to_bytes(4, "big") + address.encode())] = ip_address(address)

    def at_sip(self) -> Iterator[tuple[Address, Open]]:
        yield from [(address, one) for one, address in sorted(self.open.items(), reverse=True)]

    def close(self, one: Open) -> bool:
        return self.open.pop(one, None) is not None

    def held_by(self, address: str) -> int:
        return list(self.open.values()).count(ip_address(address))


@pytest.fixture
def sockets() -> Sockets:
    return Sockets()


@pytest.fixture
def crowd(sockets: Sockets) -> Crowd:
    return Crowd(sockets, lambda address: address != OFFICE)  # type: ignore[arg-type]


def test_one_stranger_keeps_no_more_than_his_share(sockets: Sockets, crowd: Crowd) -> None:
    """The kernel lets 20 in within a minute, and 20 more within the next: whoever kept them all had 43 after two."""
    sockets.connect("198.51.100.7", 43)
    sockets.connect(str(OFFICE), 500)
    assert crowd.thin(20) is False
    assert (sockets.held_by("198.51.100.7"), sockets.held_by(str(OFFICE))) == (20, 500)


def test_addresses_of_one_customer_share(sockets: Sockets, crowd: Crowd) -> None:
    """IPv6 is counted by /64."""
    for number in range(30):
        sockets.connect(f"2001:db8::{number:x}")
    crowd.thin(20)
    assert len(sockets.open) == 20


def test_of_too_many_strangers_the_oldest_connections_go(sockets: Sockets, crowd: Crowd) -> None:
    """Two hundred hosts of twenty each filled the core, so that no phone could connect. A phone that comes now can."""
    for number in range(200):
        sockets.connect(f"198.51.100.{number}", 5)
    sockets.connect(str(OFFICE), 500)
    assert crowd.thin(20) is False
    sockets.connect("203.0.113.9")
    assert crowd.thin(20, together=100) is True
    assert len(sockets.open) == 600
    assert (sockets.held_by("203.0.113.9"), sockets.held_by(str(OFFICE))) == (1, 500)


def test_who_becomes_known_is_counted_no_longer(sockets: Sockets) -> None:
    strangers = {ip_address("198.51.100.7")}
    crowd = Crowd(sockets, strangers.__contains__)  # type: ignore[arg-type]
    sockets.connect("198.51.100.7", 20)
    crowd.thin(20)
    strangers.clear()
    sockets.connect("198.51.100.7", 80)
    crowd.thin(20)
    assert len(sockets.open) == 100
