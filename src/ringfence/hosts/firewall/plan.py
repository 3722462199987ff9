"""The firewall plan: every opening this system needs and why, from what is really configured (reference: "Ports
Security"). What is not in the plan stays closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from ringfence.hosts.ports import Transport

ANYWHERE: Final = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True)
class Opening:
    """One hole: a port or a range, for whom, and the reason. Without `sources` it is open to everybody.

    `key` is a word of small letters, digits and hyphens, unique in the plan: it names the opening in every firewall.
    """

    key: str
    transport: Transport
    first: int
    last: int
    reason: str
    sources: tuple[str, ...] = ()

    @property
    def ports(self) -> str:
        """The port, or the range with a hyphen."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def sources_of(self, version: int) -> tuple[str, ...]:
        """The networks of one IP version that may use it; all of that version when it is open to everybody."""
        if not self.sources:
            return (ANYWHERE[version == 6],)
        return tuple(source for source in self.sources if ip_network(source).version == version)

    @property
    def everybody(self) -> bool:
        return not self.sources


@dataclass(frozen=True, slots=True)
class Plan:
    """All openings, in the order of the reference's table."""

    openings: tuple[Opening, ...]

    def __post_init__(self) -> None:
        keys = [opening.key for opening in self.openings]
        if len(set(keys)) != len(keys):
            raise ValueError(f"two openings have one name: {sorted(keys)}")

    def covers(self, transport: Transport, port: int) -> Opening | None:
        """The opening of a port, if there is one."""
        fitting = (o for o in self.openings if o.transport is transport and o.first <= port <= o.last)
        return next(fitting, None)


def narrowed(sources: Iterable[str]) -> tuple[str, ...]:
    """Networks in their normal form, each once; a network inside another one of them is left out.

    Raises ValueError for what is no network.

    >>> narrowed(["192.0.2.7", "192.0.2.0/24", "2001:db8::/32"])
    ('192.0.2.0/24', '2001:db8::/32')
    """
    networks = sorted({ip_network(source, strict=False) for source in sources}, key=lambda net: (net.version, net))
    kept: list[str] = []
    for net in networks:
        others = (other for other in networks if other != net and other.version == net.version)
        if not any(net.subnet_of(other) for other in others):  # type: ignore[arg-type]
            kept.append(str(net))
    return tuple(kept)
