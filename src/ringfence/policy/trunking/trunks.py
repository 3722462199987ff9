"""Trunks: ways to providers and gateways, and which of them a message may have come over.

Reference: "Trunk Security". A trunk is known by its addresses and its transport, or by the password its gateway proved.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.relay.encryption import Encryption, Terms

ANY_PORT: Final = 0
LONGEST_NUMBER: Final = 20


class TrunkKind(StrEnum):
    """How the two sides know each other (reference: "SIP Trunk Authentication", "Accept Register Trunk")."""

    REGISTER = "register"
    ADDRESS = "address"
    ACCEPT_REGISTER = "accept_register"


class TrunkTransport(StrEnum):
    """The only transport that is used and believed on a trunk."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class CallerIn(StrEnum):
    """Where the provider reads the caller's number. In From alone is what was always done; elsewhere From names the
    account (RFC 3325, draft-ietf-sip-privacy-04).
    """

    FROM = "from"
    P_ASSERTED_IDENTITY = "p_asserted_identity"
    P_PREFERRED_IDENTITY = "p_preferred_identity"
    REMOTE_PARTY_ID = "remote_party_id"


@dataclass(frozen=True, slots=True)
class Peer:
    """One address of the provider that calls and registrations are sent to. `host` is the name its certificate has."""

    address: str
    port: int
    host: str = ""

    @property
    def hostport(self) -> str:
        """As a URI writes it (RFC 3986 section 3.2.2)."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where messages of the provider come from: a prefix, and a port unless that is ANY_PORT."""

    cidr: str
    port: int = ANY_PORT


@dataclass(frozen=True, slots=True)
class Login:
    """Our account, and how we answer a challenge. `ha1` is MD5(name:realm:password) in hex, so it is good for this
    realm only, and `ha1_sha_256` the same with SHA-256. The name is `auth_username` where there is another for that.
    """

    username: str
    realm: str
    ha1: str
    ha1_sha_256: str = ""
    auth_username: str = ""

    @property
    def digest_name(self) -> str:
        """What a digest names."""
        return self.auth_username or self.username


@dataclass(frozen=True, slots=True)
class Trunk:
    """One trunk. `tenant_id` None: shared by all tenants. `max_calls` None: without a limit; 0: no call at all.

    `numbers` are what it may show as the caller, each whole or as a prefix that ends with `*`; `default_number` is
    shown when a caller's own is none of them. `expires` and `keepalive` are seconds; a keepalive of 0 sends none.
    `link` names the link that its transport is on; "" is the usual addresses. `from_domain` "" is the domain.
    """

    id: int
    name: str
    kind: TrunkKind
    tenant_id: int | None = None
    enabled: bool = True
    transport: TrunkTransport = TrunkTransport.UDP
    encryption: Encryption = Encryption.OFFERED
    peers: tuple[Peer, ...] = ()
    sources: tuple[Source, ...] = ()
    domain: str = ""
    login: Login | None = None
    account: str = ""
    expires: int = 300
    keepalive: int = 30
    country_code: str = ""
    trunk_prefix: str = "0"
    numbers: tuple[str, ...] = ()
    default_number: str = ""
    max_calls: int | None = None
    max_calls_by_tenant: dict[str, int] = field(default_factory=dict)
    aes_256_only: bool = False
    link: str = ""
    from_domain: str = ""
    caller_in: CallerIn = CallerIn.FROM
    at_address: Login | None = None
    """How a gateway that registers here proves its password where it names us by one of our addresses: the challenge
    to that shows the default domain, whoever asks."""

    @property
    def own_domain(self) -> str:
        """What stands behind our name and numbers there."""
        return self.from_domain or self.domain

    @property
    def account_name(self) -> str:
        """Who we are there, whoever calls: the account, or else the number shown."""
        return self.login.username if self.login else self.default_number

    @property
    def terms(self) -> Terms:
        """How media is carried on the trunk's side."""
        return Terms(self.encryption, self.aes_256_only, elsewhere=self.kind is not TrunkKind.ACCEPT_REGISTER)

    def serves(self, tenant_id: int) -> bool:
        """Whether this tenant's calls may use it."""
        return self.enabled and self.tenant_id in (None, tenant_id)

    def share_of(self, tenant_id: int) -> int | None:
        """How many calls of this tenant it carries at a time; None is without a limit of its own."""
        return self.max_calls_by_tenant.get(str(tenant_id))

    def owns(self, number: str) -> bool:
        """Whether it may show this number as the caller."""
        return any(
            number.startswith(pattern[:-1]) if pattern.endswith("*") else number == pattern for pattern in self.numbers
        )

    def shown_number(self, wished: str) -> str:
        """The caller's number as the called side sees it: the wished one only if the trunk owns it."""
        return wished if wished and self.owns(wished) else self.default_number

    def canonical(self, number: str) -> str:
        """A number as this provider writes it, in E.164 with a plus; "" if it is none. Escapes, separators and
        parameters are read as in a number that a phone dials.

        >>> Trunk(1, "t", TrunkKind.ADDRESS, country_code="49").canonical("030123"), Trunk(
        ...     1, "t", TrunkKind.ADDRESS
        ... ).canonical("0044207")
        ('+4930123', '+44207')
        >>> Trunk(1, "t", TrunkKind.ADDRESS).canonical("%2B49-30-123;npdi=yes")
        '+4930123'
        """
        read = read_dialled(number)
        number, digits = read.digits, read.digits.removeprefix("+")
        if not digits or read.is_service_code or len(digits) > LONGEST_NUMBER:
            return ""
        if number.startswith("+"):
            return number
        if read.context:
            return f"+{read.context}{self._without_trunk_prefix(number, read.context)}"
        if number.startswith("00"):
            return f"+{number[2:]}"
        if self.country_code and self.trunk_prefix and number.startswith(self.trunk_prefix):
            return f"+{self.country_code}{number[len(self.trunk_prefix) :]}"
        return f"+{number}"

    def _without_trunk_prefix(self, number: str, context: str) -> str:
        """Behind its country's code nobody means the prefix (RFC 3966 section 5.1.4), but some write it."""
        at_home = context == self.country_code and self.trunk_prefix
        return number.removeprefix(self.trunk_prefix) if at_home else number


def identity_header(place: CallerIn, uri: str, *, private: bool) -> str:
    """The header that tells the provider who calls.

    >>> identity_header(CallerIn.REMOTE_PARTY_ID, "sip:+4930@isp.example", private=True)
    'Remote-Party-ID: <sip:+4930@isp.example>;party=calling;screen=yes;privacy=full'
    """
    match place:
        case CallerIn.REMOTE_PARTY_ID:
            privacy = "full" if private else "off"
            return f"Remote-Party-ID: <{uri}>;party=calling;screen=yes;privacy={privacy}"
        case CallerIn.P_PREFERRED_IDENTITY:
            return f"P-Preferred-Identity: <{uri}>"
        case CallerIn.FROM | CallerIn.P_ASSERTED_IDENTITY:
            return f"P-Asserted-Identity: <{uri}>"


type _Key = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class TrunkIndex:
    """The trunks made ready for questions. No answer costs more than one look-up for each prefix length in use."""

    by_id: dict[int, Trunk]
    by_account: dict[str, Trunk]
    at_address: dict[str, Trunk]
    """Gateways by their user name alone; of several with the same the one that was set up first."""
    realms: frozenset[str]
    _listed: dict[_Key, tuple[tuple[Trunk, int], ...]]
    _lengths: tuple[tuple[int, int], ...]

    def at(self, address: str) -> tuple[tuple[Trunk, int], ...]:
        """The enabled trunks that list this address, each with the port it is listed with; () for a stranger."""
        if not self._lengths:
            return ()
        found = _parsed(address)
        number = int(found)
        parts = [
            self._listed.get((version, length, number >> (found.max_prefixlen - length)), ())
            for version, length in self._lengths
            if version == found.version
        ]
        return tuple(one for part in parts for one in part)

    def from_there(self, address: str, port: int, transport: str, link: str = "") -> tuple[Trunk, ...]:
        """The trunks a message may have come over: address, port, transport and link are all as listed. A provider's
        address on another link than its own is anybody's.
        """
        return tuple(
            trunk
            for trunk, listed in self.at(address)
            if listed in (ANY_PORT, port) and trunk.transport.value == transport and trunk.link == link
        )


def index_trunks(trunks: tuple[Trunk, ...]) -> TrunkIndex:
    """The index of these trunks. Raises ValueError if a source is no prefix."""
    enabled = [trunk for trunk in trunks if trunk.enabled]
    listed: dict[_Key, tuple[tuple[Trunk, int], ...]] = {}
    for trunk in enabled:
        for source in trunk.sources:
            network = ip_network(source.cidr)
            length = network.prefixlen
            key = (network.version, length, int(network.network_address) >> (network.max_prefixlen - length))
            listed[key] = (*listed.get(key, ()), (trunk, source.port))
    gateways = [trunk for trunk in trunks if trunk.kind is TrunkKind.ACCEPT_REGISTER]
    return TrunkIndex(
        by_id={trunk.id: trunk for trunk in trunks},
        by_account={trunk.account: trunk for trunk in gateways},
        at_address={trunk.at_address.username: trunk for trunk in reversed(gateways) if trunk.at_address},
        realms=frozenset(trunk.domain for trunk in gateways),
        _listed=listed,
        _lengths=tuple(sorted({(version, length) for version, length, _ in listed}, reverse=True)),
    )


def _parsed(address: str) -> IPv4Address | IPv6Address:
    """The address; an IPv4 one in IPv6 notation is the IPv4 address itself."""
    found = ip_address(address.strip("[]"))
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
