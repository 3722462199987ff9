"""Takes in what workers tell about challenges, once a second each, and judges who left them unanswered.

The tallies come as datagrams and touch no disk: an attack packet buys no log. If the guard is away they are lost, which
favours the source.
"""

from collections.abc import Iterable
from typing import Any, Final

import orjson

from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.clock import Moment
from ringfence.guard.offenders.bans import Bans
from ringfence.guard.offenders.known import Known
from ringfence.guard.offenders.rulings import Rulings
from ringfence.policy.addresses import ban_key, is_translated, key_network, parse_address
from ringfence.policy.offenders.antihacking import Evidence
from ringfence.policy.offenders.challenges import Challenges, Tally, judge_unanswered

LONGEST_TEXT: Final = 128
LONGEST_MESSAGE: Final = 1_000
MOST_IN_ONE: Final = 1_000_000
MALFORMED: Final = (KeyError, TypeError, ValueError, IndexError)


class Unanswered:
    """The balances of challenged sources, and the strikes that come of them."""

    def __init__(self, policy: AdoptedPolicy, bans: Bans, known: Known, rulings: Rulings) -> None:
        self._policy = policy
        self._bans = bans
        self._known = known
        self._rulings = rulings
        self._challenges = Challenges()

    def __len__(self) -> int:
        return len(self._challenges)

    def hear(self, datagrams: Iterable[bytes], now: Moment) -> int:
        """Adds the tallies of some datagrams; returns how many datagrams made no sense."""
        spoiled = 0
        settings = self._policy.book.security
        for datagram in datagrams:
            try:
                for item in orjson.loads(datagram)["tallies"]:
                    tally = _tally(item)
                    if not self._is_allowed(item[0], now.wall):
                        self._challenges.count(tally, now.boot, now.wall, settings)
                    if tally.answered:
                        self._known.prove(tally.source, now)
            except MALFORMED:
                spoiled += 1
        return spoiled

    def judge(self, now: Moment) -> None:
        """Rules on every source that exceeds the limit now."""
        settings = self._policy.book.security
        for evidence in list(self._challenges.strikes(now.boot, settings)):
            key = evidence.source
            if key in self._bans or self._policy.addresses.allows_all(key_network(key), now.wall):
                self._challenges.forget(key)
                continue
            around = self._rulings.surroundings(key, now.wall)
            ruling = judge_unanswered(evidence, around, settings, proved=self._is_proved(evidence, now))
            self._rulings.carry_out(ruling, now)

    def blocked_agents(self, key: str) -> int:
        """Messages of blocked user agents that were dropped from this source lately."""
        return self._challenges.blocked_agents(key)

    def forget(self, key: str) -> None:
        """Starts counting this source afresh."""
        self._challenges.forget(key)

    def _is_proved(self, evidence: Evidence, now: Moment) -> bool:
        """A stream proves itself; for UDP the same counts as everywhere, an answer to a challenge of ours."""
        return "tcp" in evidence.transports or self._known.proved_lately(evidence.source, now)

    def _is_allowed(self, source: str, now: float) -> bool:
        return self._policy.addresses.allows(parse_address(source), now)


def _tally(item: list[Any]) -> Tally:
    source, stream, sent, answered, blocked, *texts, message = item
    method, account, user_agent = (str(text)[:LONGEST_TEXT] for text in texts)
    return Tally(
        ban_key(source),
        bool(stream),
        _count(sent),
        _count(answered),
        _count(blocked),
        method,
        account,
        user_agent,
        str(message)[:LONGEST_MESSAGE],
        ":" in source and is_translated(source),
    )


def _count(value: Any) -> int:
    if isinstance(value, int) and 0 <= value <= MOST_IN_ONE:
        return value
    raise ValueError(f"no count: {value!r}")
