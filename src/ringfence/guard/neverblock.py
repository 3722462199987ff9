"""The never-block set: derived, never typed. No ban, no entry and no feed may cover a member; members may be rate-
shaped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ringfence.hosts.addresses import Surroundings
from ringfence.policy.addresses import Address, Network, overlaps, parse_network

LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True)
class Member:
    """One protected prefix and what it is, in words for the refusal."""

    network: Network
    name: str


class NeverBlock:
    """Who may never be banned. The host's part is replaced as a whole; administrators come and go."""

    def __init__(self) -> None:
        self._host: tuple[Member, ...] = tuple(Member(parse_network(text), "the loopback address") for text in LOOPBACK)
        self._administrators: dict[Network, float] = {}

    def adopt_host(self, around: Surroundings) -> bool:
        """Takes over what the network looks like now. Whether anything changed."""
        found = [Member(parse_network(text), "the loopback address") for text in LOOPBACK]
        found += _members(around.own, "an address of this machine")
        found += _members(around.gateways, "the network gateway")
        found += _members(around.resolvers, "a name server")
        host = tuple(dict.fromkeys(found))
        changed = host != self._host
        self._host = host
        return changed

    def protect_administrator(self, network: Network, until: float) -> bool:
        """The address an administrator works from; `until` is time since boot. Whether it is new."""
        new = network not in self._administrators
        self._administrators[network] = max(until, self._administrators.get(network, 0.0))
        return new

    def expire(self, boot: float) -> bool:
        """Whether an administrator's protection ran out."""
        gone = [network for network, until in self._administrators.items() if until <= boot]
        for network in gone:
            del self._administrators[network]
        return bool(gone)

    def members(self) -> tuple[Member, ...]:
        """Everybody, the host's part first."""
        acting = (Member(network, "the address of an acting administrator") for network in self._administrators)
        return (*self._host, *acting)

    def covered_by(self, network: Network) -> Member | None:
        """The first member that this prefix touches."""
        return next((member for member in self.members() if overlaps(member.network, network)), None)


def _members(addresses: Iterable[Address], name: str) -> list[Member]:
    return [Member(parse_network(str(address).partition("%")[0]), name) for address in addresses]
