"""The book made ready for questions, once for each version, so that no question grows with the configuration."""

from dataclasses import dataclass
from typing import Final

from ringfence.policy.book import Announcement, Book, RingGroup, Role, Tenant, TimeCondition
from ringfence.policy.offenders.agents import BlockedAgents
from ringfence.policy.relay.media import WEB
from ringfence.policy.trunking.trunks import TrunkIndex, index_trunks

NO_RIGHTS: Final = Role("", internal=False, national=False, international=False)


@dataclass(frozen=True, slots=True)
class Index:
    """The book and its look-up tables."""

    book: Book
    tenants: dict[str, Tenant]
    roles: dict[str, Role]
    own_hosts: frozenset[str]
    tls_only: frozenset[str]
    """Domains whose extensions speak over encrypted transports alone."""
    sha_256: frozenset[str]
    """Domains whose phones are asked for SHA-256 digests."""
    agents: BlockedAgents
    trunks: TrunkIndex
    answering: dict[str, RingGroup | Announcement | TimeCondition]
    """By address of record: numbers that are no extension."""

    def domain_of(self, host: str) -> str:
        """The SIP domain a host means: a tenant's or a gateway's own, the default for one of our addresses, "" for a
        stranger's.
        """
        name = host.lower().strip("[]")  # an IPv6 address stands in brackets in a URI
        if name in self.tenants or name in self.trunks.realms:
            return name
        return self.book.default_domain if name in self.own_hosts else ""

    def is_address(self, host: str) -> bool:
        """Whether a host is one of our addresses, and no domain by its name."""
        return host.lower().strip("[]") in self.own_hosts

    def asks_sha_256(self, domain: str, transport: str) -> bool:
        """Whether a digest for this domain is made with SHA-256. It goes by domain, never by account, so that a
        challenge tells nobody which extensions exist.
        """
        return domain in self.sha_256 and transport not in WEB

    def role(self, name: str) -> Role:
        """The role, or one without any right if it is unknown."""
        return self.roles.get(name, NO_RIGHTS)


def build_index(book: Book) -> Index:
    """The index of a book. Raises ValueError if its default domain belongs to no tenant."""
    tenants = {tenant.domain.lower(): tenant for tenant in book.tenants}
    if book.default_domain and book.default_domain not in tenants:
        raise ValueError(f"default domain {book.default_domain!r} belongs to no tenant")
    enabled = book.blocked_user_agents if book.security.blocked_user_agents_enabled else ()
    return Index(
        book=book,
        tenants=tenants,
        roles={role.name: role for role in book.roles},
        own_hosts=frozenset(host.lower() for host in book.own_hosts),
        tls_only=frozenset(domain for domain, tenant in tenants.items() if tenant.tls_only),
        sha_256=frozenset(domain for domain, tenant in tenants.items() if tenant.sha_256_digests),
        agents=BlockedAgents.of(enabled),
        trunks=index_trunks(book.trunks),
        answering=_answering(book),
    )


def _answering(book: Book) -> dict[str, RingGroup | Announcement | TimeCondition]:
    found: dict[str, RingGroup | Announcement | TimeCondition] = {one.aor: one for one in book.time_conditions}
    return found | {one.aor: one for one in book.announcements} | {one.aor: one for one in book.ring_groups}
