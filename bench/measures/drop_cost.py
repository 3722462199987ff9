"""What it costs to drop a packet of a known attacker: the sender's time and every process of the server.

On a veth pair the receiving kernel works in the sender's time, so a rule is in the sender's time too. From each point
the same flood into an ingress chain that drops everything is taken away: what is left is the price of the defence.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.load.flood import Kind, Load, run_flood
from bench.rig.charge import processes_in, spent
from bench.rig.network import Network, attack_address, inode, run_in

SETTLE_SECONDS: Final = 0.1
CALM_SECONDS: Final = 3.0
"""A system that has just started has work of its own, for which no packet should pay."""

PAIRS: Final = 12
"""Many short floods: what the machine does beside them changes within seconds, and is more than a drop costs."""

_DROP_ALL: Final = (
    "table netdev floor {\n chain in {\n type filter hook ingress device attack priority -500\n counter drop\n }\n}\n"
)


@dataclass(frozen=True, slots=True)
class Defence:
    """One way to drop: `up` yields when it stands and its attackers are known to it."""

    name: str
    sources: int
    rate: int
    count: int
    up: Callable[[], AbstractContextManager[None]]

    @property
    def load(self) -> Load:
        named = tuple(attack_address(number) for number in range(self.sources))
        return Load(Kind.REGISTER, self.sources, self.rate, self.count, named)


@dataclass(frozen=True, slots=True)
class Drop:
    """Nanoseconds for one dropped packet, sending included, and for sending it into nothing."""

    defence: str
    nanoseconds: float
    floor: float

    @property
    def price(self) -> float:
        return self.nanoseconds - self.floor


def drops(net: Network, defence: Defence, folder: Path) -> list[Drop]:
    """Floods against a standing defence, each with the same flood into nothing right after it."""
    time.sleep(CALM_SECONDS)
    return [_drop(net, defence, folder) for _ in range(PAIRS)]


def _drop(net: Network, defence: Defence, folder: Path) -> Drop:
    own = _cost(net, defence.load, folder)
    run_in(net.server, "nft", _DROP_ALL)
    try:
        return Drop(defence.name, own, _cost(net, defence.load, folder))
    finally:
        run_in(net.server, "nft", "delete", "table", "netdev", "floor")


def _cost(net: Network, load: Load, folder: Path) -> float:
    namespace = inode(net.server)
    before = processes_in(namespace)
    sent = run_flood(net, load, folder / "flood.json")
    time.sleep(SETTLE_SECONDS)
    return (sent.cpu_ns + sum(spent(before, processes_in(namespace)).values())) / sent.packets


def price(found: Sequence[Drop], defence: str) -> float:
    """The median price of one defence, in nanoseconds a packet."""
    return median(drop.price for drop in found if drop.defence == defence)
