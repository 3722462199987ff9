"""Packet rates: what becomes of a source that exceeds level 1 or level 2.

Reference: "SIP and TCP/IP Security (Anti-Hacking)", Level 1 and Level 2: a source that *exceeds* the rate is blocked
for the level's time. The kernel drops the excess whoever sends it; this decides about the block. The source of a UDP
packet is whatever its sender wrote there, so a block needs proof that the source receives what we answer.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringfence.policy.offenders.antihacking import LISTED, Ban, Evidence, Spared, Sparing, Surroundings
from ringfence.policy.settings import SecuritySettings

RATE_RULES: Final = ("antihacking.level_1", "antihacking.level_2")
OFFICE_PATIENCE: Final = 10.0
"""Seconds for which an address of phones may exceed level 2 before it is blocked."""


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


def judge_rate(
    excess: Excess, around: Surroundings, proof: Proof, settings: SecuritySettings, *, known: bool = False
) -> Ban | Spared | None:
    """A ban, a member of the never-block set to report, or nothing: then only the excess is dropped.

    Where phones are registered, or were during the last day (`known`), level 1 only drops the excess: very many phones
    that come back at once exceed it, and are through after some seconds. What goes on exceeding level 2 is no office,
    but the shorter block must do: their address is known to be real, that does not say that the flood is theirs.
    """
    evidence = _evidence(excess, around, proof, settings)
    if around.never_block:
        return Spared(excess.source, Sparing.NEVER_BLOCK, around.never_block, (), evidence)
    if proof is Proof.NONE:
        return None
    seconds = settings.level_2_block if excess.level == 2 else settings.level_1_block
    if around.healthy or known:
        if excess.level == 1 or excess.last_at - excess.first_at < OFFICE_PATIENCE:
            return None
        seconds = min(seconds, settings.level_1_block)
    return Ban(excess.source, seconds, evidence)


def _evidence(excess: Excess, around: Surroundings, proof: Proof, settings: SecuritySettings) -> Evidence:
    return Evidence(
        rule=RATE_RULES[excess.level - 1],
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
        reasons=((f"proved by {proof}", 1),) if proof else (),
        healthy=around.healthy[:LISTED],
    )
