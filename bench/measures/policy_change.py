"""How long after a commit of the policy store a worker still judges by the old policy.

A source keeps sending REGISTERs of one user agent while that agent is blocked and unblocked in turn: an answer from a
policy that blocks, or silence from one that does not, is stale. Probes follow each other so closely that both workers
get them.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.load import messages
from bench.load.phones import account
from bench.rig.network import SERVER_ADDRESS, Network, attack_address, open_socket

AGENT: Final = "Probe-Agent"
SPACING: Final = 0.0004
PROBES: Final = 50
ANSWER_SECONDS: Final = 0.15


@dataclass(frozen=True, slots=True)
class Probe:
    """One message: when it was sent, when it was answered (None: never); seconds after the commit."""

    sent: float
    answered: float | None


def delays(net: Network, set_blocked: Callable[[bool], None], changes: int) -> tuple[float, ...]:
    """Seconds of staleness of each change, at least the spacing of the probes."""
    found = []
    for number in range(changes):
        with open_socket(net.attacker, attack_address(number)) as link:
            blocked = number % 2 == 0
            _probe(link, f"w{number}", time.monotonic(), 4)
            set_blocked(blocked)
            committed = time.monotonic()
            found.append(staleness(_probe(link, f"p{number}", committed, PROBES), blocked))
    return tuple(found)


def staleness(probes: tuple[Probe, ...], blocked: bool) -> float:
    """When the last stale judgement was passed.

    >>> staleness((Probe(0.0, 0.001), Probe(0.001, None)), True)
    0.001
    """
    if blocked:
        stale = [probe.answered for probe in probes if probe.answered is not None]
    else:
        stale = [probe.sent for probe in probes if probe.answered is None]
    return max([SPACING, *stale])


def _probe(link: socket.socket, name: str, start: float, count: int) -> tuple[Probe, ...]:
    address, port = link.getsockname()
    sender = messages.Sender(address, port, account(5))
    sent: list[float] = []
    answered: dict[int, float] = {}
    link.setblocking(False)
    for number in range(count):
        link.sendto(messages.register(sender, f"{name}x{number}x", AGENT.encode()), (SERVER_ADDRESS, 5060))
        sent.append(time.monotonic() - start)
        _collect(link, name, start, answered, time.monotonic() + SPACING)
    _collect(link, name, start, answered, time.monotonic() + ANSWER_SECONDS, enough=count)
    return tuple(Probe(when, answered.get(number)) for number, when in enumerate(sent))


def _collect(
    link: socket.socket, name: str, start: float, answered: dict[int, float], until: float, enough: int = 1 << 30
) -> None:
    while (now := time.monotonic()) < until and len(answered) < enough:
        try:
            answer = link.recv(4096)
        except BlockingIOError:
            time.sleep(0.00005)
            continue
        serial = _serial(answer, name)
        if serial is not None:
            answered.setdefault(serial, now - start)


def _serial(answer: bytes, name: str) -> int | None:
    mark = f"z9hG4bK{name}x".encode()
    at = answer.find(mark)
    if at < 0:
        return None
    return int(answer[at + len(mark) :].partition(b"x")[0])
