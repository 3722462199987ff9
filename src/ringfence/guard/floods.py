"""Sources over a packet rate: reads whom the kernel noted, asks who they are, and has the policy decide.

The kernel notes a bounded number of them, so a look costs the same under any flood.
"""

from dataclasses import asdict, dataclass
from typing import Final

from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.alarms import Alarms
from ringfence.guard.bans import Bans
from ringfence.guard.clock import Moment
from ringfence.guard.firewall import Firewall
from ringfence.guard.known import Known
from ringfence.guard.ledger import BanRecord, Ledger
from ringfence.guard.neverblock import NeverBlock
from ringfence.guard.registrations import Registrations
from ringfence.guard.ruleset import Level
from ringfence.policy.addresses import Network, ban_key
from ringfence.policy.antihacking import Ban, Evidence, Spared
from ringfence.policy.events import Kind
from ringfence.policy.floods import Background, Excess, Proof, judge_rate

PATIENCE: Final = 1.0
"""Seconds a source over level 1 is only shaped, to see whether it exceeds level 2 as well."""

REPORT_EVERY: Final = 60.0
PEERS_EVERY: Final = 1.0
MEMBER_FLOODED: Final = "never_block.flooded"


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who can say something about a source."""

    policy: AdoptedPolicy
    never_block: NeverBlock
    registrations: Registrations
    known: Known


@dataclass(frozen=True, slots=True)
class Effects:
    """Where decisions go."""

    firewall: Firewall
    bans: Bans
    ledger: Ledger
    alarms: Alarms
    boot_id: str


class Floods:
    """One look at a time; remembers nothing about a source but since when it is over."""

    def __init__(self, witnesses: Witnesses, effects: Effects) -> None:
        self._witnesses = witnesses
        self._effects = effects
        self._since: dict[Network, Moment] = {}
        self._peers: frozenset[Network] = frozenset()
        self._peers_at = -PEERS_EVERY
        self._reported: dict[str, float] = {}

    def look(self, now: Moment) -> None:
        """Decides about every source that is over a level now."""
        dropped: dict[Network, tuple[Level, int]] = {}
        for level in Level:
            for network, packets in self._effects.firewall.over(level):
                dropped[network] = (level, packets)
        self._since = {network: self._since.get(network, now) for network in dropped}
        for network, (level, packets) in dropped.items():
            since = self._since[network]
            if level is Level.TWO or now.boot - since.boot >= PATIENCE:
                self._decide(network, Excess(_key(network), level, packets, since.wall, now.wall), now)
        self._calm(now)

    def _decide(self, network: Network, excess: Excess, now: Moment) -> None:
        policy = self._witnesses.policy
        if excess.source in self._effects.bans or policy.addresses.allows(network.network_address, now.wall):
            return
        match judge_rate(excess, self._background(network, excess.source, now), policy.book.security):
            case Ban() as ban:
                self._ban(ban, now)
            case Spared() as spared:
                self._report(spared, now)
            case None:
                return

    def _background(self, network: Network, key: str, now: Moment) -> Background:
        member = self._witnesses.never_block.covered_by(network)
        if member is not None:
            return Background(never_block=f"{member.name} ({member.network})")
        return Background("", self._witnesses.registrations.healthy_at(key, now.wall), self._proof(network, key, now))

    def _proof(self, network: Network, key: str, now: Moment) -> Proof:
        if self._witnesses.known.proved_lately(key, now):
            return Proof.DIGEST
        if now.boot - self._peers_at >= PEERS_EVERY:
            self._peers, self._peers_at = self._effects.firewall.peers(), now.boot
        return Proof.CONNECTION if network in self._peers else Proof.NONE

    def _ban(self, ban: Ban, now: Moment) -> None:
        record = BanRecord(
            key=ban.source,
            rule=ban.evidence.rule,
            reason=_sentence(ban.evidence),
            by="guard",
            since=now.wall,
            until=now.wall + ban.seconds,
            boot_id=self._effects.boot_id,
            boot_until=now.boot + ban.seconds,
            evidence=_plain(ban.evidence),
        )
        self._effects.bans.add(record, now)

    def _report(self, spared: Spared, now: Moment) -> None:
        """Once a minute for each member, and one alarm as long as it lasts."""
        if now.boot < self._reported.get(spared.source, 0.0):
            return
        self._reported[spared.source] = now.boot + REPORT_EVERY
        message = (
            f"Packets that bear {spared.source}, {spared.protects}, exceed the rate. It is protected and not blocked; "
            "the excess is dropped."
        )
        self._effects.alarms.set_off(MEMBER_FLOODED, message, now.wall)
        body = {
            "address": spared.source,
            "why": spared.why,
            "protects": spared.protects,
            "evidence": _plain(spared.evidence),
        }
        self._effects.ledger.note(now.wall, Kind.BAN_SPARED, body)

    def _calm(self, now: Moment) -> None:
        if not self._reported:
            return
        self._reported = {source: until for source, until in self._reported.items() if until > now.boot}
        if not self._reported:
            self._effects.alarms.clear(MEMBER_FLOODED, now.wall)


def _key(network: Network) -> str:
    return ban_key(str(network.network_address))


def _plain(evidence: Evidence) -> dict[str, object]:
    return {**asdict(evidence), "reasons": dict(evidence.reasons)}


def _sentence(evidence: Evidence) -> str:
    return f"more than {evidence.limit} packets per second, {evidence.count} of them dropped beyond the rate"
