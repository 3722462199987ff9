"""What a hostile packet costs beside a good one: processor time of every process, bytes left in logs and journal."""

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.load import messages
from bench.load.phones import account
from bench.rig.charge import processes_in, spent
from bench.rig.network import SERVER_ADDRESS, Network, attack_address, inode, open_socket

RATE: Final = 1000
PACKETS: Final = 1500
SOURCES: Final = 300
GOOD: Final = "good REGISTER"
SETTLE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Flood:
    """One kind of packet: microseconds and log bytes for each."""

    kind: str
    microseconds: float
    log_bytes: float


def floods(net: Network, logged_bytes: Callable[[], int], rounds: int) -> tuple[Flood, ...]:
    """Every kind in turn, `rounds` times; from many sources, so that no rate limit thins the flood."""
    sender = messages.Sender(attack_address(0), 5060, account(3))
    kinds = {GOOD: (messages.register(sender, "good"),), **messages.hostile_kinds()}
    links = [open_socket(net.attacker, attack_address(number), 5060) for number in range(SOURCES)]
    try:
        return tuple(
            _flood(net, kind, packets, links, logged_bytes) for _ in range(rounds) for kind, packets in kinds.items()
        )
    finally:
        for link in links:
            link.close()


def typical(found: Sequence[Flood], kind: str) -> Flood:
    """The medians of one kind."""
    mine = [flood for flood in found if flood.kind == kind]
    return Flood(kind, median(flood.microseconds for flood in mine), median(flood.log_bytes for flood in mine))


def _flood(
    net: Network, kind: str, packets: Sequence[bytes], links: Sequence[socket.socket], logged_bytes: Callable[[], int]
) -> Flood:
    namespace = inode(net.server)
    before, bytes_before = processes_in(namespace), logged_bytes()
    _send(packets, links)
    time.sleep(SETTLE_SECONDS)
    cost = sum(spent(before, processes_in(namespace)).values())
    return Flood(kind, cost / 1000 / PACKETS, (logged_bytes() - bytes_before) / PACKETS)


def _send(packets: Sequence[bytes], links: Sequence[socket.socket]) -> None:
    begin = time.monotonic()
    for number in range(PACKETS):
        links[number % len(links)].sendto(packets[number % len(packets)], (SERVER_ADDRESS, 5060))
        ahead = begin + number / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
