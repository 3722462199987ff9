"""Sources over a packet rate: reads whom the kernel noted, asks who they are, and has the policy decide.

The kernel notes a bounded number of them, so a look costs the same under any flood.
"""

from dataclasses import dataclass
from typing import Final

from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.clock import Moment
from ringfence.guard.kernel.firewall import Firewall
from ringfence.guard.kernel.shape import Level
from ringfence.guard.offenders.bans import Bans
from ringfence.guard.offenders.known import Known
from ringfence.guard.offenders.rulings import Rulings
from ringfence.policy.addresses import Network, ban_key
from ringfence.policy.offenders.floods import Excess, Proof, judge_rate

PATIENCE: Final = 1.0
"""Seconds a source over level 1 is only shaped, to see whether it exceeds level 2 as well."""

PEERS_EVERY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who can say something about a source, or has a say."""

    policy: AdoptedPolicy
    rulings: Rulings
    known: Known
    bans: Bans


class Floods:
    """One look at a time; remembers nothing about a source but since when it is over."""

    def __init__(self, firewall: Firewall, witnesses: Witnesses) -> None:
        self._firewall = firewall
        self._witnesses = witnesses
        self._since: dict[Network, Moment] = {}
        self._peers: frozenset[Network] = frozenset()
        self._peers_at = -PEERS_EVERY

    def look(self, now: Moment) -> None:
        """Decides about every source that is over a level now."""
        dropped: dict[Network, tuple[Level, int]] = {}
        for level in Level:
            for network, packets in self._firewall.over(level):
                dropped[network] = (level, packets)
        self._since = {network: self._since.get(network, now) for network in dropped}
        for network, (level, packets) in dropped.items():
            since = self._since[network]
            if level is Level.TWO or now.boot - since.boot >= PATIENCE:
                self._decide(network, Excess(_key(network), level, packets, since.wall, now.wall), now)

    def _decide(self, network: Network, excess: Excess, now: Moment) -> None:
        ask = self._witnesses
        if excess.source in ask.bans or ask.policy.addresses.allows_all(network, now.wall):
            return
        around = ask.rulings.surroundings(excess.source, now.wall)
        proof = Proof.NONE if around.never_block else self._proof(network, excess.source, now)
        ruling = judge_rate(excess, around, proof, ask.policy.book.security, known=excess.source in ask.known)
        if ruling is not None:
            ask.rulings.carry_out(ruling, now)

    def _proof(self, network: Network, key: str, now: Moment) -> Proof:
        if self._witnesses.known.proved_lately(key, now):
            return Proof.DIGEST
        if now.boot - self._peers_at >= PEERS_EVERY:
            self._peers, self._peers_at = self._firewall.peers(), now.boot
        return Proof.CONNECTION if network in self._peers else Proof.NONE


def _key(network: Network) -> str:
    return ban_key(str(network.network_address))
