"""The never-block set: derived, never typed. No ban, no entry and no feed may cover a member; members may be rate-
shaped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ringfence.hosts.addresses import Surroundings
from ringfence.policy.addresses import Address, Network, overlaps, parse_network
from ringfence.policy.book import ProtectedAddress, Protection
from ringfence.policy.sentence import Sentence
from ringfence.policy.settings import DAY

LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
OWN_SOURCE: Final = "the kernel's list of addresses"
ADMINISTRATOR_SECONDS: Final = DAY
"""No administrator is protected longer without a sign of life."""


@dataclass(frozen=True, slots=True)
class Member:
    """One protected prefix, what it is, in words for the refusal, and how we know."""

    network: Network
    name: str
    source: str


class NeverBlock:
    """Who may never be banned. The host's part is replaced as a whole; administrators come and go."""

    def __init__(self) -> None:
        self._host: tuple[Member, ...] = _loopback()
        self._configured: tuple[Member, ...] = ()
        self._administrators: dict[Network, float] = {}

    def adopt_host(self, around: Surroundings) -> bool:
        """Takes over what the network looks like now. Whether anything changed."""
        found = [*_loopback()]
        found += _members(around.own, "an address of this machine", OWN_SOURCE)
        found += _members(around.gateways, "the network gateway", "the kernel's default routes")
        found += _members(around.resolvers, "a name server", "resolv.conf")
        found += _members(around.time_servers, "a time server", "the configuration of the time service")
        found += _members(around.peers, "the host at the other end of the SBC's link", "the enrolment of the SBC")
        host = tuple(dict.fromkeys(found))
        changed = host != self._host
        self._host = host
        return changed

    def adopt_configuration(self, protected: Iterable[ProtectedAddress]) -> bool:
        """Takes over what the configuration protects: trunks, cluster peers, the front proxy. Whether it changed."""
        configured = tuple(
            Member(parse_network(item.cidr), _said(item), f"configured as {item.kind}") for item in protected
        )
        changed = configured != self._configured
        self._configured = configured
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
        acting = (
            Member(network, "the address of an acting administrator", "signed in to the portal")
            for network in self._administrators
        )
        return (*self._host, *self._configured, *acting)

    def own(self) -> list[str]:
        """The addresses of this machine that others may see."""
        return [str(one.network.network_address) for one in self._host if one.source == OWN_SOURCE]

    def covered_by(self, network: Network) -> Member | None:
        """The first member that this prefix touches."""
        return next((member for member in self.members() if overlaps(member.network, network)), None)


def _said(item: ProtectedAddress) -> Sentence:
    match item.kind:
        case Protection.TRUNK:
            return f"an address of the trunk {item.name}" if item.name else "an address of a trunk"
        case Protection.CLUSTER_PEER:
            return f"the cluster peer {item.name}" if item.name else "a cluster peer"
        case Protection.FRONT_PROXY:
            return f"the front proxy {item.name}" if item.name else "the front proxy"


def _loopback() -> tuple[Member, ...]:
    return tuple(Member(parse_network(text), "the loopback address", "always") for text in LOOPBACK)


def _members(addresses: Iterable[Address], name: str, source: str) -> list[Member]:
    return [Member(parse_network(str(address).partition("%")[0]), name, source) for address in addresses]
