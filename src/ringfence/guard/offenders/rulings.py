"""Carries out what the policy decided about a source, the same for every protection: ban it, or spare it and tell."""

from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any, Final

from ringfence.guard.clock import Moment
from ringfence.guard.health.alarms import Alarms
from ringfence.guard.ledger import BanRecord, Ledger
from ringfence.guard.live.standing import Standing
from ringfence.guard.offenders.bans import Bans
from ringfence.guard.offenders.known import Known
from ringfence.guard.offenders.neverblock import NeverBlock
from ringfence.policy.addresses import key_network
from ringfence.policy.events import Kind
from ringfence.policy.offenders.antihacking import Ban, Evidence, Spared, Sparing, Surroundings
from ringfence.policy.offenders.challenges import FAILED_CHALLENGE
from ringfence.policy.offenders.floods import RATE_RULES
from ringfence.policy.sentence import Sentence

SPARED_EVERY: Final = 60.0
REMEMBERED_SPARED: Final = 4_096
QUIET_AFTER: Final = 600.0


@dataclass(frozen=True, slots=True)
class Record:
    """Where effects go."""

    bans: Bans
    ledger: Ledger
    alarms: Alarms
    known: Known


class Rulings:
    """One ruling at a time. A source that is spared again and again is slowed each time and told of once a minute."""

    def __init__(self, standing: Standing, never_block: NeverBlock, record: Record, boot_id: str) -> None:
        self._standing = standing
        self._never_block = never_block
        self._bans = record.bans
        self._ledger = record.ledger
        self._boot_id = boot_id
        self._alarms = record.alarms
        self._spared: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def surroundings(self, key: str, now: float, blocked_agents: int = 0) -> Surroundings:
        """What is known about a source (a ban key) at this moment (Unix time)."""
        member = self._never_block.covered_by(key_network(key))
        return Surroundings(
            never_block=f"{member.name} ({member.network})" if member else "",
            healthy=self._standing.registrations.healthy_at(key, now),
            blocked_agents=blocked_agents,
        )

    def carry_out(self, ruling: Ban | Spared, now: Moment) -> None:
        match ruling:
            case Ban():
                self._ban(ruling, now)
            case Spared():
                self._spare(ruling, now)

    def _ban(self, ban: Ban, now: Moment) -> None:
        self._bans.add(
            BanRecord(
                key=ban.source,
                rule=ban.evidence.rule,
                reason=sentence(ban.evidence),
                by="guard",
                since=now.wall,
                until=now.wall + ban.seconds,
                boot_id=self._boot_id,
                boot_until=now.boot + ban.seconds,
                evidence=plain(ban.evidence),
            ),
            now,
        )

    def _spare(self, spared: Spared, now: Moment) -> None:
        if spared.why is Sparing.NEVER_BLOCK:
            self._alarms.set_off_for(
                Sparing.NEVER_BLOCK,
                f"{spared.source} is over a limit but never blocked, because it is {spared.protects}. Either somebody "
                "forges that address, or what stands there is broken.",
                now,
                QUIET_AFTER,
            )
        if spared.pairs:
            self._bans.slow(spared.source, spared.pairs, now.boot + spared.evidence.window)
        told = (spared.source, spared.why, spared.evidence.rule)
        if now.boot < self._spared.get(told, 0.0):
            return
        self._spared[told] = now.boot + SPARED_EVERY
        self._spared.move_to_end(told)
        while len(self._spared) > REMEMBERED_SPARED:
            self._spared.popitem(last=False)
        body = {
            "address": spared.source,
            "why": spared.why,
            "protects": spared.protects,
            "evidence": plain(spared.evidence),
        }
        self._ledger.note(now.wall, Kind.BAN_SPARED, body)


def plain(evidence: Evidence) -> dict[str, Any]:
    """Evidence as it is stored and shown."""
    return {**asdict(evidence), "reasons": dict(evidence.reasons)}


def sentence(evidence: Evidence) -> Sentence:
    """The reason for people."""
    if evidence.rule == FAILED_CHALLENGE:
        return (
            f"{evidence.count} challenges left unanswered within {evidence.window} s "
            f"(more than {evidence.limit} are not allowed)"
        )
    if evidence.rule in RATE_RULES:
        return f"more than {evidence.limit} packets per second, {evidence.count} of them beyond the rate and dropped"
    tried = evidence.distinct_accounts
    if tried == 1:
        return (
            f"{evidence.count} failed authentications within {evidence.window} s (limit {evidence.limit}), "
            "1 account tried"
        )
    return (
        f"{evidence.count} failed authentications within {evidence.window} s (limit {evidence.limit}), "
        f"{tried} different accounts tried"
    )
