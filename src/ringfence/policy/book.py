"""The book: the compiled configuration as one immutable, versioned snapshot, and the subscriber records beside it.

The portal's compiler writes it, workers and the guard read it. Everything is plain values, so it travels as JSON.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

from ringfence.policy.calls.calling import USUAL, Calling, decode_calling, encode_calling
from ringfence.policy.calls.recording import NOTHING, RecordingRules
from ringfence.policy.outgoing.numbers import Reach
from ringfence.policy.plain import from_plain
from ringfence.policy.relay.encryption import Encryption, Terms
from ringfence.policy.settings import SecuritySettings
from ringfence.policy.trunking.trunks import Trunk

SEPARATOR: Final = "\n"
ACTIVE: Final = "1"
ACTIVE_FIELD: Final = 4
NAME_FIELD: Final = 5
HA1_FIELD: Final = 6
"""Where a subscriber's record says that it is active, and has its display name and its MD5 digest."""


class Target(StrEnum):
    """What an address entry does (reference: "Whitelist and Blacklist", Action)."""

    ALLOW = "allow"
    BLOCK = "block"


class MatchKind(StrEnum):
    """How a blocked user agent is compared; never case-sensitive."""

    CONTAINS = "contains"
    EXACT = "exact"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer: its SIP domain is also its digest realm.

    How many calls may be up at once, and how long each: None is no limit, 0 calls are none.
    """

    id: int
    name: str
    domain: str
    max_calls: int | None = None
    max_call_minutes: int | None = None
    encryption: Encryption = Encryption.OFFERED
    aes_256_only: bool = False

    @property
    def terms(self) -> Terms:
        """How the media of its extensions is carried, unless one of them has a setting of its own."""
        return Terms(self.encryption, self.aes_256_only)

    recording: RecordingRules = NOTHING
    tls_only: bool = False
    """Its extensions register and call over TLS or a secure WebSocket, and are called over nothing else."""
    sha_256_digests: bool = False
    """Its phones prove their password with SHA-256 instead of MD5 (RFC 8760); browsers cannot, and have TLS."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a person may call (reference: "Extension Security"): three independent rights."""

    name: str
    internal: bool
    national: bool
    international: bool

    def may(self, reach: Reach) -> bool:
        """Whether this role may make calls that go so far."""
        match reach:
            case Reach.INTERNAL:
                return self.internal
            case Reach.NATIONAL:
                return self.national
            case Reach.INTERNATIONAL:
                return self.international


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """An allow or block entry. `cidr` is normalised; `expires_at` is Unix time in seconds or None for never."""

    id: int
    cidr: str
    target: Target
    expires_at: float | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class BlockedUserAgent:
    """A user agent whose messages are dropped (reference: "User-Agent Blacklist")."""

    pattern: str
    match: MatchKind = MatchKind.CONTAINS

    def matches(self, user_agent: str) -> bool:
        """Whether messages of this user agent are dropped; case does not matter."""
        wanted, name = self.pattern.strip().lower(), user_agent.lower()
        match self.match:
            case MatchKind.CONTAINS:
                return wanted in name
            case MatchKind.EXACT:
                return wanted == name
            case MatchKind.PREFIX:
                return name.startswith(wanted)


class Protection(StrEnum):
    """Why the configuration says that an address may never be banned."""

    TRUNK = "trunk"
    CLUSTER_PEER = "cluster_peer"
    FRONT_PROXY = "front_proxy"


@dataclass(frozen=True, slots=True)
class ProtectedAddress:
    """A member of the never-block set that only the configuration knows. `name` is the trunk's or the peer's."""

    cidr: str
    kind: Protection
    name: str


@dataclass(frozen=True, slots=True)
class RingGroup:
    """Extensions that ring under one number: `steps` as `ringlist.encode_steps` writes them, then `otherwise`."""

    id: int
    aor: str
    steps: str
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A text that is played under a number."""

    id: int
    aor: str


@dataclass(frozen=True, slots=True)
class TimeCondition:
    """A number that leads elsewhere inside the office hours of this id than outside them; both as destinations."""

    id: int
    aor: str
    hours_id: int
    in_hours: str
    out_of_hours: str


@dataclass(frozen=True, slots=True)
class Book:
    """Everything a decision needs except the subscribers, which are looked up by key."""

    version: int = 0
    tenants: tuple[Tenant, ...] = ()
    roles: tuple[Role, ...] = ()
    own_hosts: tuple[str, ...] = ()
    default_domain: str = ""
    security: SecuritySettings = field(default_factory=SecuritySettings)
    address_entries: tuple[AddressEntry, ...] = ()
    blocked_user_agents: tuple[BlockedUserAgent, ...] = ()
    protected_addresses: tuple[ProtectedAddress, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    ring_groups: tuple[RingGroup, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    time_conditions: tuple[TimeCondition, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One extension as workers see it. Digests are hex HA1 values (RFC 7616); no password is ever in here."""

    aor: str
    tenant_id: int
    user_id: int
    role: str
    active: bool
    display_name: str
    ha1_md5: str
    ha1_sha256: str
    previous_ha1_md5: str = ""
    previous_ha1_sha256: str = ""
    groups: tuple[int, ...] = ()
    calling: Calling = USUAL

    @property
    def extension(self) -> str:
        return self.aor.partition("@")[0]

    @property
    def domain(self) -> str:
        return self.aor.partition("@")[2]


FindSubscriber = Callable[[str], Subscriber | None]
"""Looks a subscriber up by its address of record."""


def encode_book(book: Book) -> bytes:
    """The book as JSON bytes."""
    return json.dumps(asdict(book), separators=(",", ":")).encode()


def decode_book(raw: bytes) -> Book:
    """The book from JSON bytes. Raises ValueError, KeyError or TypeError on anything that is not a whole book."""
    data: dict[str, Any] = json.loads(raw)
    if missing := {item.name for item in fields(Book)}.difference(data):
        raise KeyError(min(missing))
    found: Book = from_plain(Book, data)
    return found


def encode_subscriber(subscriber: Subscriber) -> bytes:
    """One subscriber as newline-separated fields. Raises ValueError if a field holds a control character."""
    values = (
        subscriber.aor,
        str(subscriber.tenant_id),
        str(subscriber.user_id),
        subscriber.role,
        ACTIVE if subscriber.active else "0",
        subscriber.display_name,
        subscriber.ha1_md5,
        subscriber.ha1_sha256,
        subscriber.previous_ha1_md5,
        subscriber.previous_ha1_sha256,
        ",".join(map(str, subscriber.groups)),
        encode_calling(subscriber.calling),
    )
    for value in values:
        if any(ord(char) < 32 or ord(char) == 127 for char in value):
            raise ValueError(f"subscriber {subscriber.aor!r}: a field holds a control character")
    return SEPARATOR.join(values).encode()


def decode_subscriber(raw: bytes) -> Subscriber:
    """One subscriber from its record. Raises ValueError on a malformed record.

    >>> decode_subscriber(encode_subscriber(Subscriber("101@a.example", 1, 2, "r", True, "Ann", "x", "y"))).extension
    '101'
    """
    aor, tenant_id, user_id, role, active, name, *digests, groups, calling = raw.decode().split(SEPARATOR)
    md5, sha256, old_md5, old_sha256 = digests
    return Subscriber(
        aor,
        int(tenant_id),
        int(user_id),
        role,
        active == ACTIVE,
        name,
        md5,
        sha256,
        old_md5,
        old_sha256,
        tuple(map(int, groups.split(","))) if groups else (),
        decode_calling(calling),
    )
