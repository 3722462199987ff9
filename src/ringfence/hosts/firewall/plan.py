"""The firewall plan: every opening this system needs and why, from what is really configured (reference: "Ports
Security"). What is not in the plan stays closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final

from ringfence.hosts.ports import Transport

ANYWHERE: Final = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True)
class Opening:
    """One hole: a port or a range, for whom, and the reason. Without `sources` it is open to everybody, without
    `destinations` at every address of this machine.

    `key` is a word of small letters, digits and hyphens, unique in the plan: it names the opening in every firewall.
    """

    key: str
    transport: Transport
    first: int
    last: int
    reason: str
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()

    @property
    def ports(self) -> str:
        """The port, or the range with a hyphen."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def sources_of(self, version: int) -> tuple[str, ...]:
        """The networks of one IP version that may use it; all of that version when it is open to everybody."""
        if not self.sources:
            return (ANYWHERE[version == 6],)
        return tuple(source for source in self.sources if ip_network(source).version == version)

    def destinations_of(self, version: int) -> tuple[str, ...]:
        """The own addresses of one IP version that it is open at; nothing when it is open at all of them."""
        return tuple(place for place in self.destinations if ip_network(place).version == version)

    def versions(self) -> tuple[int, ...]:
        """The IP versions it is open for: both its sources and its own addresses have to be of them."""
        return tuple(
            version
            for version in (4, 6)
            if self.sources_of(version) and (not self.destinations or self.destinations_of(version))
        )

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Each source with each own address; "" is every one."""
        if not self.sources:
            return tuple(("", place) for place in self.destinations or ("",))
        if not self.destinations:
            return tuple((source, "") for source in self.sources)
        named = ((version, self.sources_of(version), self.destinations_of(version)) for version in (4, 6))
        return tuple((source, place) for _, sources, places in named for source in sources for place in places)

    @property
    def everybody(self) -> bool:
        return not self.sources

    @property
    def is_wide(self) -> bool:
        """Open to everybody at every address."""
        return not self.sources and not self.destinations


@dataclass(frozen=True, slots=True)
class Limit:
    """How much each address on a link may send. The guard holds it in its own table: a front end has no word for it."""

    link: str
    packets: int

    @property
    def text(self) -> str:
        return f"each address on {self.link} may send {self.packets} packets/s: the table inet ringfence drops the rest"


@dataclass(frozen=True, slots=True)
class Plan:
    """All openings, in the order of the reference's table, and what is limited beside them."""

    openings: tuple[Opening, ...]
    limits: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        keys = [opening.key for opening in self.openings]
        if len(set(keys)) != len(keys):
            raise ValueError(f"two openings have one name: {sorted(keys)}")

    def at(self, address: str) -> "Plan":
        """The plan for somebody who looks at this address: single ports that are open at other ones alone are not in
        it."""
        ends = f"{address}/32", f"{address}/128"
        seen = [
            one
            for one in self.openings
            if one.first != one.last or not one.destinations or {*ends} & {*one.destinations}
        ]
        return replace(self, openings=tuple(seen))

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
