"""Which ports are bound on this machine now, as the kernel lists them; needs no right."""

from pathlib import Path
from typing import Final

from ringfence.hosts.ports import Service, Transport

NETWORK: Final = Path("/proc/net")
_LISTENING: Final = {Transport.TCP: "0A", Transport.UDP: "07"}
"""The kernel's state numbers: a TCP socket that listens, a UDP socket that is bound."""
_CONNECTED: Final = "01"


def bound_ports(transport: Transport, network: Path = NETWORK) -> frozenset[int]:
    """Ports with a listener on any address."""
    return frozenset(
        int(columns[1].rpartition(":")[2], 16)
        for family in ("", "6")
        for columns in _rows(network / f"{transport}{family}")
        if columns[3] == _LISTENING[transport]
    )


def connected_from(transport: Transport, port: int, network: Path = NETWORK) -> int:
    """How many connections others have to this port of ours."""
    return sum(
        columns[3] == _CONNECTED and int(columns[1].rpartition(":")[2], 16) == port
        for family in ("", "6")
        for columns in _rows(network / f"{transport}{family}")
    )


def _rows(table: Path) -> list[list[str]]:
    if not table.exists():
        return []
    return [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]


def listens(service: Service, network: Path = NETWORK) -> bool:
    """Whether the first port of the service is bound. A range of media ports is bound call by call."""
    return service.first in bound_ports(service.transport, network)
