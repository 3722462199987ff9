"""Packet rates: what becomes of a source that exceeds level 1 or level 2.

Reference: "SIP and TCP/IP Security (Anti-Hacking)", Level 1 and Level 2: a source that *exceeds* the rate is blocked
for the level's time. The kernel drops the excess whoever sends it; this decides about the block. The source of a UDP
packet is whatever its sender wrote there, so a block needs proof that the source receives what we answer.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringfence.policy.antihacking import LISTED, Ban, Evidence, Spared, Sparing
from ringfence.policy.settings import SecuritySettings

RULES: Final = {1: "antihacking.level_1", 2: "antihacking.level_2"}


class Proof(StrEnum):
    """How we know that a source is where its packets say."""

    NONE = ""
    DIGEST = "digest"
    CONNECTION = "connection"


@dataclass(frozen=True, slots=True)
class Excess:
    """A source over a level: times in Unix seconds, `dropped` counts the packets beyond the rate."""

    source: str
    level: int
    dropped: int
    first_at: float
    last_at: float


@dataclass(frozen=True, slots=True)
class Background:
    """What else is known about the source."""

    never_block: str = ""
    healthy: tuple[str, ...] = ()
    proof: Proof = Proof.NONE


def judge_rate(excess: Excess, background: Background, settings: SecuritySettings) -> Ban | Spared | None:
    """A ban, a member of the never-block set to report, or nothing: then only the excess is dropped.

    Where phones are registered, the shorter block must do: their address is known to be real, but that does not say
    that the flood is theirs.
    """
    evidence = _evidence(excess, background, settings)
    if background.never_block:
        return Spared(excess.source, Sparing.NEVER_BLOCK, background.never_block, (), evidence)
    if background.proof is Proof.NONE:
        return None
    seconds = settings.level_2_block if excess.level == 2 else settings.level_1_block
    if background.healthy:
        seconds = min(seconds, settings.level_1_block)
    return Ban(excess.source, seconds, evidence)


def _evidence(excess: Excess, background: Background, settings: SecuritySettings) -> Evidence:
    return Evidence(
        rule=RULES[excess.level],
        source=excess.source,
        count=excess.dropped,
        limit=settings.level_2_packets if excess.level == 2 else settings.level_1_packets,
        window=1,
        first_at=excess.first_at,
        last_at=excess.last_at,
        accounts=(),
        distinct_accounts=0,
        user_agents=(),
        methods=(),
        transports=(),
        reasons=((f"proved by {background.proof}", 1),) if background.proof else (),
        healthy=background.healthy[:LISTED],
    )
