"""The blocked user agents, ready for a look at each message, and as a word for the SBC, which has no policy store."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from ringfence.policy.book import BlockedUserAgent, MatchKind

LONGEST_WORD: Final = 16_384
"""Characters. Room for some two hundred long names; the core itself knows all of them."""


@dataclass(frozen=True, slots=True)
class BlockedAgents:
    """The patterns in lower case, by what of a name has to fit."""

    containing: tuple[str, ...] = ()
    starting: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()

    @classmethod
    def of(cls, agents: Iterable[BlockedUserAgent]) -> Self:
        """An empty pattern would match everything and is left out."""
        by_kind: Mapping[MatchKind, list[str]] = {kind: [] for kind in MatchKind}
        for agent in agents:
            if pattern := agent.pattern.strip().lower():
                by_kind[agent.match].append(pattern)
        return cls(
            tuple(by_kind[MatchKind.CONTAINS]), tuple(by_kind[MatchKind.PREFIX]), frozenset(by_kind[MatchKind.EXACT])
        )

    def blocks(self, user_agent: str) -> bool:
        """Whether messages of this user agent are dropped; case does not matter."""
        name = user_agent.lower()
        if name in self.named or name.startswith(self.starting):
            return True
        return any(pattern in name for pattern in self.containing)

    def block_any(self, user_agents: Iterable[str]) -> bool:
        """A second User-Agent header must not hide the first, nor the first the second."""
        return any(agent and self.blocks(agent) for agent in user_agents)

    def as_word(self) -> str:
        """For a header. Of a very long list the last patterns are left out, those that match most stay.

        >>> decoded(BlockedAgents(("sipvicious",), (), frozenset({"x/1"})).as_word()).named
        frozenset({'x/1'})
        """
        lists = (list(self.containing), list(self.starting), sorted(self.named))
        while len(word := json.dumps(lists, separators=(",", ":")).encode().hex()) > LONGEST_WORD:
            longest = next(patterns for patterns in reversed(lists) if patterns)
            del longest[len(longest) // 2 :]
        return word


def decoded(word: str) -> BlockedAgents:
    """What `as_word` wrote; nobody for what is no such word.

    >>> decoded("").blocks("sipvicious"), decoded("7b7d").blocks("sipvicious")
    (False, False)
    """
    try:
        containing, starting, named = json.loads(bytes.fromhex(word))
        return BlockedAgents(tuple(map(str, containing)), tuple(map(str, starting)), frozenset(map(str, named)))
    except (ValueError, TypeError):
        return BlockedAgents()
