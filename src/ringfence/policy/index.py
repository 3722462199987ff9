"""The book made ready for questions: built once when a version is adopted, so no question grows with the configuration."""

import re
from dataclasses import dataclass
from typing import Final

from ringfence.policy.book import BlockedUserAgent, Book, MatchKind, Role, Tenant

NO_RIGHTS: Final = Role("", internal=False, national=False, international=False)
_NEVER: Final = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Index:
    """The book and its look-up tables."""

    book: Book
    tenants: dict[str, Tenant]
    roles: dict[str, Role]
    own_hosts: frozenset[str]
    blocked_agents: re.Pattern[str]

    def domain_of(self, host: str) -> str:
        """The SIP domain a host name means: a tenant's own, or the default for one of our addresses; "" for a stranger's."""
        name = host.lower()
        if name in self.tenants:
            return name
        return self.book.default_domain if name in self.own_hosts else ""

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
        blocked_agents=_agent_pattern(enabled),
    )


def _agent_pattern(agents: tuple[BlockedUserAgent, ...]) -> re.Pattern[str]:
    patterns = [_one_agent(agent) for agent in agents if agent.pattern.strip()]
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else _NEVER


def _one_agent(agent: BlockedUserAgent) -> str:
    escaped = re.escape(agent.pattern.strip())
    match agent.match:
        case MatchKind.CONTAINS:
            return f".*?{escaped}"
        case MatchKind.PREFIX:
            return escaped
        case MatchKind.EXACT:
            return f"{escaped}$"
