"""What changes in the hash sets while phones and attackers come and go, as bytes.

libnftables reads every interval set of the table back before it adds or deletes one element: beside 20,000
intervals a ban took it 70 ms of processor time, beside 1,000 still 3 ms. As bytes a ban takes 0.1 ms beside any list.
"""

import socket
from collections.abc import Iterable
from typing import Final

from ringfence.guard.kernel import pinholes
from ringfence.guard.kernel.elements import additions, element, flushed, removals
from ringfence.guard.kernel.pinholes import Holes
from ringfence.guard.kernel.ruleset import TABLE_NAME
from ringfence.guard.kernel.shape import Timed
from ringfence.policy.addresses import NAT64, Network

BANS: Final = "ban"
KNOWN: Final = "known"
MANY: Final = "many"
_UDP: Final = bytes([socket.IPPROTO_UDP])
_CARRYING: Final = NAT64.network_address.packed[:12]


def renewed(name: str, sources: Iterable[Timed]) -> bytes:
    """The messages that add elements or renew their time. Kernels before 6.12 ignore a second add, hence add, delete,
    add.
    """
    messages: list[bytes] = []
    for source in sources:
        milliseconds = max(1, round(source.seconds * 1000))
        for place, key in _places(name, source.network):
            messages.append(_renewed(place, key, milliseconds))
    return b"".join(messages)


def removed(name: str, network: Network) -> bytes:
    """The messages that remove an element, whether it is there or not."""
    return b"".join(_removed(place, key) for place, key in _places(name, network))


def deleted(name: str, network: Network) -> bytes:
    """The messages that remove an element that is there, from a set without room for anything."""
    return b"".join(removals(TABLE_NAME, place, [element(key)]) for place, key in _places(name, network))


def opened(holes: Holes) -> bytes:
    """The messages that replace who may send media, and prolong the watch."""
    ports = [element(port.to_bytes(2, "big")) for port in sorted(holes.ports)[: pinholes.MOST]]
    return b"".join(
        (
            *(flushed(TABLE_NAME, name) for name in pinholes.LISTS),
            admitted(holes.addresses),
            additions(TABLE_NAME, pinholes.PORTS, ports),
            _renewed(pinholes.WATCHED, _UDP, pinholes.WATCHED_SECONDS * 1000),
        )
    )


def admitted(networks: Iterable[Network]) -> bytes:
    """The messages that let these addresses send media beside those that may already."""
    return b"".join(
        additions(TABLE_NAME, name, [element(one.network_address.packed) for one in ones[: pinholes.MOST]])
        for name, ones in pinholes.by_set(networks).items()
    )


def _renewed(place: str, key: bytes, milliseconds: int) -> bytes:
    return _removed(place, key) + additions(TABLE_NAME, place, [element(key, milliseconds)])


def _removed(place: str, key: bytes) -> bytes:
    return additions(TABLE_NAME, place, [element(key)]) + removals(TABLE_NAME, place, [element(key)])


def _places(name: str, network: Network) -> list[tuple[str, bytes]]:
    """Where a source stands. An IPv4 address may also arrive inside an IPv6 one (NAT64, RFC 6052)."""
    key = network.network_address.packed
    if network.version == 6:
        return [(f"{name}6", key)]
    return [(f"{name}4", key), (f"{name}4in6", _CARRYING + key)]
