"""Processor time of the media relay for each packet it passes on: plain, SRTP on one side, SRTP on both."""

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

from bench.load.media import encrypted, plain
from bench.rig.charge import processes_in, spent
from bench.rig.network import SERVER_ADDRESS, Network, inode, open_socket, phone_address
from bench.systems.relay import Relay, description, port_in
from ringfence.lab.srtp import new_keys

STREAMS: Final = 50
PACKETS: Final = 300
RATE: Final = 8_000
SETTLE_SECONDS: Final = 0.3
FEWEST: Final = 0.9
"""Share of the packets that must arrive, or the round is void."""


class Way(StrEnum):
    """Which sides of the calls are encrypted."""

    PLAIN = "plain"
    ONE = "one"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Passed:
    """One round: microseconds for each packet, and the share of packets that arrived."""

    way: Way
    microseconds: float
    arrived: float


@dataclass(frozen=True, slots=True)
class _Stream:
    packets: list[bytes]
    target: tuple[str, int]


def passed(net: Network, relay: Relay, way: Way, number: int) -> Passed:
    """Sets the calls up, sends, and charges the relay; only the packets are in the measured time."""
    speaker, listener = (open_socket(net.phones, phone_address(one)) for one in (1, 2))
    calls = [f"{way}-{number}-{one}" for one in range(STREAMS)]
    try:
        ends = (speaker.getsockname(), listener.getsockname())
        streams = [_stream(relay, way, call, ends, one) for one, call in enumerate(calls)]
        before = processes_in(inode(net.server))
        arrived = _send(speaker, listener, streams)
        used = spent(before, processes_in(inode(net.server)))
        return Passed(way, sum(used.values()) / 1000 / (STREAMS * PACKETS), arrived / (STREAMS * PACKETS))
    finally:
        for call in calls:
            relay.end(call)
        speaker.close()
        listener.close()


def typical(found: Sequence[Passed], way: Way) -> float | None:
    """The median cost of one way; None when packets were lost in every round."""
    good = [one.microseconds for one in found if one.way is way and one.arrived >= FEWEST]
    return median(good) if good else None


def _stream(relay: Relay, way: Way, call: str, ends: tuple[tuple[str, int], tuple[str, int]], number: int) -> _Stream:
    (own, own_port), (other, other_port) = ends
    keys = None if way is Way.PLAIN else new_keys()
    profile = "RTP/SAVP" if way is Way.BOTH else "RTP/AVP"
    relay.offer(call, description(own_port, keys.inline if keys else "", own), profile)
    theirs = new_keys().inline if way is Way.BOTH else ""
    answer = relay.answer(call, description(other_port, theirs, other))
    ssrc = 1_000 + number
    packets = plain(ssrc, PACKETS) if keys is None else encrypted(ssrc, PACKETS, keys)
    return _Stream(packets, (SERVER_ADDRESS, port_in(answer)))


def _send(speaker: socket.socket, listener: socket.socket, streams: Sequence[_Stream]) -> int:
    """How many packets arrived at the other side."""
    listener.setblocking(False)
    begin, sent, arrived = time.monotonic(), 0, 0
    for number in range(PACKETS):
        for stream in streams:
            speaker.sendto(stream.packets[number], stream.target)
            sent += 1
        arrived += _drained(listener)
        ahead = begin + sent / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
    time.sleep(SETTLE_SECONDS)
    return arrived + _drained(listener)


def _drained(listener: socket.socket) -> int:
    count = 0
    while True:
        try:
            count += len(listener.recv(2048)) > 160
        except BlockingIOError:
            return count
