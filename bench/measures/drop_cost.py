"""What it costs to drop a packet of a known attacker: the sender's time and every process of the server.

Two links: behind one stands the defence, behind the other, where no defence sees it, an ingress chain that drops all.
The same thousand frames go into the one and into the other in turn, within milliseconds, by one process: what the
machine does beside them meets both, and the difference is the price of the defence.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from math import pi, sqrt
from statistics import NormalDist, median, quantiles
from typing import Final

from bench.load.flood import Kind, frame, payload
from bench.rig.charge import Watched
from bench.rig.network import SERVER_ADDRESS, Network, attack_address, inode, link_mac, run_in
from bench.rig.tap import tap

SETTLE_SECONDS: Final = 0.003
"""Until the server's processes have read what they were sent."""

CALM_SECONDS: Final = 3.0
"""A system that has just started has work of its own, for which no packet should pay."""

PAIRS: Final = 250
TURN: Final = 1_000
AT_ONCE: Final = 20
"""What a paced sender sends before it looks at the clock again; a receiving socket has room for it."""

DEFENDED: Final = "defended"
FLOOR: Final = "floor"
_SENDER_MAC: Final = b"\x02\0\0\0\0\1"
_HOOK: Final = f"type filter hook ingress device {FLOOR} priority -500"
_DROP_ALL: Final = f"table netdev floor {{\n chain in {{\n {_HOOK}\n counter drop\n }}\n}}\n"


@dataclass(frozen=True, slots=True)
class Defence:
    """One way to drop: `up` yields when it stands and its attackers are known to it."""

    name: str
    sources: int
    rate: int
    up: Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Links:
    """The files behind the two links."""

    defended: int
    floor: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Nanoseconds for one dropped packet, sending included, and for sending it into nothing."""

    defence: str
    nanoseconds: float
    floor: float

    @property
    def price(self) -> float:
        return self.nanoseconds - self.floor


@dataclass(frozen=True, slots=True)
class Price:
    """The median price of a drop and its standard error, in nanoseconds a packet."""

    nanoseconds: float
    error: float
    pairs: int


@contextmanager
def links(net: Network) -> Iterator[Links]:
    """Both links. A system that starts later finds the defended one like any other; a program of its own may stand
    before all chains, so the other leads elsewhere.
    """
    with tap(net.server, DEFENDED) as defended, tap(net.attacker, FLOOR) as floor, _dropping_all(net.attacker):
        yield Links(defended, floor)


def drops(net: Network, defence: Defence, to: Links) -> list[Drop]:
    """Turns against a standing defence, each beside the same turn into nothing; either goes first as often."""
    time.sleep(CALM_SECONDS)
    ends = (to.defended, net.server, DEFENDED), (to.floor, net.attacker, FLOOR)
    ways = {fd: _frames(link_mac(place, link), defence.sources) for fd, place, link in ends}
    server = Watched(inode(net.server))
    with _undisturbed():
        for fd, frames in ways.items():
            _cost(fd, frames, defence.rate, server)
        return [_drop(defence, to, ways, server, defended_first=number % 2 == 0) for number in range(PAIRS)]


def _drop(defence: Defence, to: Links, ways: dict[int, list[bytes]], server: Watched, *, defended_first: bool) -> Drop:
    order = (to.defended, to.floor) if defended_first else (to.floor, to.defended)
    cost = {fd: _cost(fd, ways[fd], defence.rate, server) for fd in order}
    return Drop(defence.name, cost[to.defended], cost[to.floor])


def _cost(fd: int, frames: Sequence[bytes], rate: int, server: Watched) -> float:
    before, cpu = server.spent_ns(), time.thread_time_ns()
    _send(fd, frames, rate)
    cpu = time.thread_time_ns() - cpu
    time.sleep(SETTLE_SECONDS)
    return (cpu + server.spent_ns() - before) / len(frames)


def _send(fd: int, frames: Sequence[bytes], rate: int) -> None:
    begin = time.monotonic()
    for start in range(0, len(frames), AT_ONCE):
        if rate:
            time.sleep(max(0.0, begin + start / rate - time.monotonic()))
        for content in frames[start : start + AT_ONCE]:
            os.write(fd, content)


def _frames(mac: str, sources: int) -> list[bytes]:
    macs = bytes.fromhex(mac.replace(":", "")), _SENDER_MAC
    named = [attack_address(number % sources) for number in range(TURN)]
    return [
        frame(source, SERVER_ADDRESS, macs, payload(Kind.REGISTER, source, number))
        for number, source in enumerate(named)
    ]


@contextmanager
def _dropping_all(namespace: str) -> Iterator[None]:
    run_in(namespace, "nft", _DROP_ALL)
    try:
        yield
    finally:
        run_in(namespace, "nft", "delete", "table", "netdev", "floor")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No other program takes the processor in the middle of a turn; each lasts some milliseconds."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def price(found: Sequence[Drop], defence: str) -> Price:
    """The median of the differences; its error follows from their quartiles, which an outlier does not move.

    >>> price([Drop("ours", 2000.0 + extra, 1900.0) for extra in (0, 10, 20, 30, 40)], "ours").nanoseconds
    120.0
    """
    prices = [drop.price for drop in found if drop.defence == defence]
    first, _, third = quantiles(prices, n=4)
    spread = (third - first) / (2 * NormalDist().inv_cdf(0.75))
    return Price(median(prices), sqrt(pi / 2) * spread / sqrt(len(prices)), len(prices))
