"""Cuts what a banned source still holds: its TCP connections (so TLS and WebSocket too) and its conntrack entries.

A dropped packet does not end a connection: Kamailio would keep its socket for minutes, and a firewall rule that lets
established connections through would be asked first. inet_diag closes a socket for its owner (SOCK_DESTROY, needs
CONFIG_INET_DIAG_DESTROY and CAP_NET_ADMIN).
"""

import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, lru_cache
from ipaddress import IPv4Network, ip_address
from typing import Final

from ringfence.guard.kernel import netlink
from ringfence.guard.kernel.sipports import SipPorts
from ringfence.hosts import ports
from ringfence.hosts.paths import Paths
from ringfence.policy.addresses import Address, Network, ban_network, parse_address

BY_FAMILY: Final = 20
DESTROY: Final = 21
ESTABLISHED: Final = 1 << 1
OPEN: Final = 0xFFF & ~(1 << 6 | 1 << 7 | 1 << 10)
"""Every state but TIME_WAIT, CLOSE and LISTEN."""

_REQUEST: Final = struct.Struct("=BBBBI")
_ID_AT: Final = 4
_ID_BYTES: Final = 48
_LOCAL_PORT: Final = slice(0, 2)
_REMOTE: Final = slice(20, 36)

CONNTRACK: Final = 1
CONNTRACK_GET: Final = 1
CONNTRACK_DELETE: Final = 2
ORIGINAL: Final = 1
REPLY: Final = 2
SIDES: Final = (ORIGINAL, REPLY)
FEW: Final = 4
"""So many IPv4 sources are looked up by the kernel one by one; for more of them its table is read once."""

ZONE: Final = 18
FILTER: Final = 25
TUPLE_IP: Final = 1
SOURCE: Final = {4: 1, 6: 3}
DESTINATION: Final = {4: 2, 6: 4}
FILTER_SOURCE: Final = (1).to_bytes(4, "little" if struct.pack("=H", 1)[0] else "big")
NO_FILTER: Final = bytes(4)

WEB_PORTS: Final = frozenset(
    service.first.to_bytes(2, "big") for service in ports.of(ports.Part.WEB) if service.transport is ports.Transport.TCP
)


type Open = tuple[int, bytes]
"""An open socket: its family, and what inet_diag calls it. No other ever has that name."""


class Connections:
    """What the kernel knows of our TCP connections. Packet flags can be forged; an established socket cannot."""

    def __init__(self) -> None:
        self._sip = SipPorts(Paths.from_environment())
        self._diag = netlink.Netlink(netlink.SOCK_DIAG)
        self._conntrack = netlink.Netlink(netlink.NETFILTER)

    def peers(self) -> frozenset[Network]:
        """The sources with an established connection to a SIP port, as bans would name them."""
        return frozenset(_peer(found) for _, found in self._sockets(ESTABLISHED, self._sip_ports()))

    def at_sip(self) -> Iterator[tuple[Address, Open]]:
        """Each established connection to a SIP port, with its far end."""
        for family, found in self._sockets(ESTABLISHED, self._sip_ports()):
            yield _address_in(found[_REMOTE]), (family, found)

    def close(self, one: Open) -> bool:
        """Whether it was still there."""
        return self._close(*one)

    def _sip_ports(self) -> frozenset[bytes]:
        return frozenset(port.to_bytes(2, "big") for port in self._sip.now().all_tcp)

    def cut(self, networks: Iterable[Network], spared: frozenset[Network] = frozenset()) -> int:
        """Ends every connection of these sources; returns how many sockets were closed. It may take a while.

        `spared` are parts of them that keep theirs. What the kernel tracks of a source with such a part stays.
        """
        banned = frozenset(networks)
        gone = self._close_where(
            lambda address: ban_network(address) in banned and not any(address in part for part in spared)
        )
        self._forget_all(banned - {ban_network(part.network_address) for part in spared})
        return len(gone)

    def cut_where(self, is_blocked: Callable[[Address], bool]) -> int:
        """The same for sources that a list of any length names: it is asked about those that are connected."""
        gone = self._close_where(cache(_politely(is_blocked)))
        self._forget_all(frozenset(map(ban_network, gone)))
        return len(gone)

    def _close_where(self, is_unwanted: Callable[[Address], bool]) -> list[Address]:
        gone = []
        for family, found in list(self._sockets(OPEN, WEB_PORTS | self._sip_ports())):
            address = _remote(found)
            if is_unwanted(address) and self._close(family, found):
                gone.append(address)
        return gone

    def _forget_all(self, sources: frozenset[Network]) -> None:
        with suppress(OSError):  # no connection tracking in this kernel: nothing to forget
            for version in sorted({network.version for network in sources}):
                self._forget(version, [network for network in sources if network.version == version])

    def _sockets(self, states: int, ours: frozenset[bytes]) -> Iterator[tuple[int, bytes]]:
        for family in (socket.AF_INET, socket.AF_INET6):
            body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, states) + bytes(_ID_BYTES)
            for _, found in self._diag.ask(netlink.message(BY_FAMILY, netlink.REQUEST | netlink.DUMP, body)):
                identity = found[_ID_AT : _ID_AT + _ID_BYTES]
                if identity[_LOCAL_PORT] in ours:
                    yield family, identity

    def _close(self, family: int, identity: bytes) -> bool:
        body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 0) + identity
        try:
            self._diag.tell(netlink.message(DESTROY, netlink.REQUEST | netlink.ACK, body))
        except OSError:
            return False  # it ended by itself meanwhile
        return True

    def _forget(self, version: int, networks: list[Network]) -> None:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        few = [network for network in networks if isinstance(network, IPv4Network)]
        wanted = [_filter(side, network) for network in few for side in SIDES] if 0 < len(few) <= FEW else [b""]
        keys = frozenset(_prefix(network.network_address.packed) for network in networks)
        names = {name for narrowed in wanted for name in self._tracked(family, narrowed, keys)}
        for name in names:
            request = netlink.netfilter_message(CONNTRACK, CONNTRACK_DELETE, netlink.ACK, family, name)
            with suppress(OSError):  # it ran out meanwhile
                self._conntrack.tell(request)

    def _tracked(self, family: int, narrowed: bytes, keys: frozenset[bytes]) -> Iterator[bytes]:
        """What names each entry with one of these sources at either end."""
        request = netlink.netfilter_message(CONNTRACK, CONNTRACK_GET, netlink.DUMP, family, narrowed)
        for _, body in self._conntrack.ask(request):
            found = dict(netlink.attributes(body[4:]))
            if any(_prefix(_source_of(found[side])) in keys for side in SIDES if side in found):
                yield _name(found)


def _peer(identity: bytes) -> Network:
    """The ban network of the far end."""
    return ban_network(_remote(identity))


def _remote(identity: bytes) -> Address:
    """The far end. inet_diag writes an IPv4 address into the first four of sixteen bytes."""
    return _address_in(identity[_REMOTE])


@lru_cache(1 << 16)
def _address_in(raw: bytes) -> Address:
    return parse_address(socket.inet_ntop(socket.AF_INET6, raw) if any(raw[4:]) else str(ip_address(raw[:4])))


def _politely(is_blocked: Callable[[Address], bool]) -> Callable[[Address], bool]:
    """Lets whoever shares the interpreter go first: a ban must not wait for a thousand questions about a long list."""

    def asked(address: Address) -> bool:
        time.sleep(0)
        return is_blocked(address)

    return asked


def _filter(side: int, network: IPv4Network) -> bytes:
    address = netlink.attribute(SOURCE[4], network.network_address.packed) + netlink.attribute(DESTINATION[4], bytes(4))
    flags = [FILTER_SOURCE if side == which else NO_FILTER for which in SIDES]
    return netlink.nested(side, netlink.nested(TUPLE_IP, address)) + netlink.nested(
        FILTER, b"".join(netlink.attribute(kind, value) for kind, value in zip((1, 2), flags, strict=True))
    )


def _source_of(tuple_bytes: bytes) -> bytes:
    addresses = dict(netlink.attributes(dict(netlink.attributes(tuple_bytes))[TUPLE_IP]))
    return addresses.get(SOURCE[4]) or addresses.get(SOURCE[6], b"")


def _prefix(packed: bytes) -> bytes:
    """What of an address a ban covers: all of IPv4, the first 64 bits of IPv6."""
    return packed[:8]


def _name(found: dict[int, bytes]) -> bytes:
    zone = netlink.attribute(ZONE, found[ZONE]) if ZONE in found else b""
    return netlink.nested(ORIGINAL, found[ORIGINAL]) + zone
