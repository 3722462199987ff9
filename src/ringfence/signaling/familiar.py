"""Answers of the index that were asked for before. They are facts of one version of the policy and end with it."""

from typing import Final

from ringfence.policy.index import Index
from ringfence.policy.rules.packet import MAX_URI

REMEMBERED: Final = 1024
"""Of each kind; a stranger who invents names only makes the worker ask the index again."""


class Familiar:
    """Domains by Request-URI, and user agents that are not blocked."""

    def __init__(self) -> None:
        self.index: Index | None = None
        self.domains: dict[str, str] = {}
        self.agents: set[str] = set()

    def start_over(self, index: Index | None) -> None:
        self.index = index
        self.domains.clear()
        self.agents.clear()

    def domain(self, target: str, host: str) -> str:
        """Our domain that a Request-URI with this host means, "" when it means none or is too long."""
        domain = self.index.domain_of(host) if self.index and len(target) <= MAX_URI else ""
        if domain:
            if len(self.domains) >= REMEMBERED:
                self.domains.clear()
            self.domains[target] = domain
        return domain

    def welcomes(self, agent: str) -> bool:
        """Whether messages of this user agent are served."""
        if self.index is None or (agent and self.index.agents.blocks(agent)):
            return False
        if len(self.agents) >= REMEMBERED:
            self.agents.clear()
        self.agents.add(agent)
        return True
