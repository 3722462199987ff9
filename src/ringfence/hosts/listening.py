"""Which ports are bound on this machine now, as the kernel lists them; needs no right."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final

from ringfence.hosts.ports import Service, Transport

NETWORK: Final = Path("/proc/net")
_LISTENING: Final = {Transport.TCP: "0A", Transport.UDP: "07"}
"""The kernel's state numbers: a TCP socket that listens, a UDP socket that is bound."""
_ESTABLISHED: Final = "01"


def bound_ports(transport: Transport, network: Path = NETWORK) -> frozenset[int]:
    """Ports with a listener on any address."""
    return frozenset(
        int(columns[1].rpartition(":")[2], 16)
        for family in ("", "6")
        for columns in _rows(network / f"{transport}{family}")
        if columns[3] == _LISTENING[transport]
    )


def bound_by(owner: int, service: Service, network: Path = NETWORK) -> int:
    """How many sockets of this account are bound in the service's range, over all addresses."""
    return sum(
        int(columns[7]) == owner and service.first <= int(columns[1].rpartition(":")[2], 16) <= service.last
        for family in ("", "6")
        for columns in _rows(network / f"{service.transport}{family}")
    )


@dataclass(frozen=True, slots=True)
class Connection:
    """A TCP connection that somebody opened to this machine: its port, and where it came from."""

    port: int
    source: str
    source_port: int


def connections_in(network: Path = NETWORK) -> tuple[Connection, ...]:
    """Established connections to a port that listens, from other machines."""
    listening = bound_ports(Transport.TCP, network)
    return tuple(one for one in _established(network) if one.port in listening)


def _established(network: Path) -> Iterator[Connection]:
    for family in ("", "6"):
        for columns in _rows(network / f"tcp{family}"):
            source, _, source_port = columns[2].partition(":")
            address = address_of(source)
            if columns[3] == _ESTABLISHED and not ip_address(address).is_loopback:
                yield Connection(int(columns[1].rpartition(":")[2], 16), address, int(source_port, 16))


def address_of(words: str) -> str:
    """The address that the kernel writes as words of 32 bits, each in this machine's order of bytes.

    >>> address_of("0100007F"), address_of("0000000000000000FFFF00000100000A")
    ('127.0.0.1', '10.0.0.1')
    """
    raw = b"".join(int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8))
    address = ip_address(raw)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _rows(table: Path) -> list[list[str]]:
    if not table.exists():
        return []
    return [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]


def listens(service: Service, network: Path = NETWORK) -> bool:
    """Whether the first port of the service is bound. A range of media ports is bound call by call."""
    return service.first in bound_ports(service.transport, network)
