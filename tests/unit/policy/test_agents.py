"""Which user agents are blocked, and what the SBC is told of them."""

import zlib
from base64 import b64encode
from hashlib import shake_256

import pytest

from ringfence.policy.book import BlockedUserAgent, MatchKind
from ringfence.policy.offenders.agents import LONGEST_LIST, LONGEST_WORD, BlockedAgents, decoded

AGENTS = BlockedAgents.of(
    [
        BlockedUserAgent("SIPvicious"),
        BlockedUserAgent("Scan", MatchKind.PREFIX),
        BlockedUserAgent("Tool/1 ü", MatchKind.EXACT),
        BlockedUserAgent("  "),
    ]
)


@pytest.mark.parametrize("agents", [AGENTS, decoded(AGENTS.as_word())])
@pytest.mark.parametrize(
    ("name", "blocked"),
    [("my sipVICIOUS 2", True), ("scanner", True), ("my scanner", False), ("tool/1 Ü", True), ("tool/1", False)],
)
def test_the_sbc_judges_a_name_as_the_core_does(agents: BlockedAgents, name: str, blocked: bool) -> None:
    """Reference: "User-Agent Blacklist"."""
    assert agents.blocks(name) is blocked
    assert agents.block_any(["", "phone", name]) is blocked


def test_a_message_without_a_name_is_nobodys() -> None:
    assert not AGENTS.block_any([])
    assert not AGENTS.block_any([""])


@pytest.mark.parametrize("word", ["", "none", "zz", "7b7d", "5b5d", "5b312c322c335d", "00"])
def test_what_is_no_list_blocks_nobody(word: str) -> None:
    assert decoded(word) == BlockedAgents()


def test_a_list_too_long_for_the_link_loses_what_matches_least() -> None:
    many = BlockedAgents(
        ("a-scanner",), (), frozenset(shake_256(bytes([one % 256, one // 256])).hexdigest(64) for one in range(6000))
    )
    told = decoded(many.as_word())
    assert len(many.as_word()) <= LONGEST_WORD
    assert told.containing == many.containing
    assert 0 < len(told.named) < 6000


def test_a_thousand_long_names_are_told_whole() -> None:
    """Reference: "User-Agent Blacklist"."""
    many = BlockedAgents(("a-scanner",), (), frozenset(f"{number:0100}" for number in range(1000)))
    assert decoded(many.as_word()) == many


def test_what_unfolds_to_more_than_a_list_can_be_blocks_nobody() -> None:
    bomb = b64encode(zlib.compress(b'[["' + b"a" * LONGEST_LIST + b'"],[],[]]')).decode()
    assert decoded(bomb) == BlockedAgents()
