"""The blocked user agents, ready for a look at each message, and as a word for the SBC, which has no policy store."""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from ringfence.policy.book import BlockedUserAgent, MatchKind

LONGEST_WORD: Final = 262_144
"""Characters. Room for some ten thousand names; the core itself knows all of them."""

LONGEST_LIST: Final = 64 * LONGEST_WORD
"""Bytes that a word may unfold to."""

PIECE: Final = 8_192
"""Characters of a word that one answer over the link carries: a message has 16 KiB at most (`tcp_rd_buf_size`)."""

LONGEST_NUMBER: Final = 6
"""Digits and one more: what is longer counts no parts."""


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
        while len(word := _packed(lists)) > LONGEST_WORD:
            longest = next(patterns for patterns in reversed(lists) if patterns)
            del longest[len(longest) // 2 :]
        return word


def _packed(lists: tuple[list[str], ...]) -> str:
    return base64.b64encode(zlib.compress(json.dumps(lists, separators=(",", ":")).encode())).decode()


def decoded(word: str) -> BlockedAgents:
    """What `as_word` wrote; nobody for what is no such word.

    >>> decoded("").blocks("sipvicious"), decoded("7b7d").blocks("sipvicious")
    (False, False)
    """
    try:
        unfolded = zlib.decompressobj().decompress(base64.b64decode(word, validate=True), LONGEST_LIST)
        containing, starting, named = json.loads(unfolded)
        return BlockedAgents(tuple(map(str, containing)), tuple(map(str, starting)), frozenset(map(str, named)))
    except (ValueError, TypeError, zlib.error):
        return BlockedAgents()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a word on its way: of which version, which part, of how many. `version/number/of/text` on the wire."""

    version: str
    number: int
    of: int
    text: str

    def __str__(self) -> str:
        return f"{self.version}/{self.number}/{self.of}/{self.text}"


@dataclass(frozen=True, slots=True)
class Held:
    """What the SBC has of a word: the parts of a version that it heard. It says so with each question."""

    version: str = ""
    parts: int = 0

    def __str__(self) -> str:
        return f"{self.version}/{self.parts}"


def version_of(word: str) -> str:
    """Another word has another one, also after a restart of the core."""
    return f"{zlib.crc32(word.encode()):08x}{len(word):x}"


def piece_for(held: Held, version: str, word: str) -> Piece:
    """The next part for whoever holds some of this version, the first one for everybody else; whoever holds all of
    them is told nothing but that.
    """
    of = -(-len(word) // PIECE)
    number = held.parts if held.version == version and held.parts <= of else 0
    return Piece(version, number, of, word[number * PIECE : (number + 1) * PIECE])


def held(text: str) -> Held:
    """What an SBC says that it holds; nothing, if it says nonsense.

    >>> held("ab12/3"), held("3"), held("ab/-1")
    (Held(version='ab12', parts=3), Held(version='', parts=0), Held(version='', parts=0))
    """
    version, _, parts = text.partition("/")
    return Held(version, int(parts)) if parts.isdecimal() and len(parts) < LONGEST_NUMBER else Held()


def piece(text: str) -> Piece | None:
    """What the core told, or None for nonsense.

    >>> piece("ab12/0/2/eJyL")
    Piece(version='ab12', number=0, of=2, text='eJyL')
    """
    version, *numbers = text.split("/", 3)
    if len(numbers) != 3 or not all(one.isdecimal() and len(one) < LONGEST_NUMBER for one in numbers[:2]):
        return None
    return Piece(version, int(numbers[0]), int(numbers[1]), numbers[2])
