"""Failed challenge requests: challenges nobody answered while their nonce lived become a strike.

Reference: "Failed Challenge Requests (407)". Workers tell once a second how many challenges each source got and how
many it answered. A challenge counts only when it is older than its nonce, so a slow phone is never counted, and only as
far as the answers that came meanwhile do not make up for it: whatever is lost on the way favours the source. What UDP
brings and what streams bring is counted apart, because only a stream proves by itself where it comes from.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ringfence.policy.offenders.antihacking import Ban, Evidence, Spared, Sparing, Surroundings
from ringfence.policy.settings import SecuritySettings

FAILED_CHALLENGE: Final = "antihacking.failed_challenge"
ANSWER_TIME: Final = 30
"""Seconds for which our nonce is fresh (`nonce_expire` in the core's configuration)."""

MAX_SOURCES: Final = 16_384
LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Tally:
    """What one worker saw of one source since it last told: challenges sent, answered, and dropped user agents."""

    source: str
    stream: bool
    sent: int
    answered: int
    blocked: int = 0
    method: str = ""
    account: str = ""
    user_agent: str = ""
    message: str = ""
    translated: bool = False


@dataclass(slots=True)
class _Balance:
    """The running balance of one source on one kind of transport. `history` says since when how many had failed."""

    seen_at: float
    first_wall: float
    history: deque[tuple[float, int]]
    waiting: deque[tuple[float, int]] = field(default_factory=deque)
    matured: int = 0
    sent: int = 0
    answered: int = 0
    failed: int = 0
    blocked: int = 0
    last_wall: float = 0.0
    methods: dict[str, None] = field(default_factory=dict)
    accounts: dict[str, None] = field(default_factory=dict)
    user_agents: dict[str, None] = field(default_factory=dict)
    first_message: str = ""
    last_message: str = ""
    translated: bool = False

    def add(self, tally: Tally, boot: float, wall: float) -> None:
        self.seen_at, self.last_wall = boot, wall
        self.sent += tally.sent
        self.answered += tally.answered
        self.blocked += tally.blocked
        if tally.sent:
            self.waiting.append((boot, tally.sent))
        for known, value in (
            (self.methods, tally.method),
            (self.accounts, tally.account),
            (self.user_agents, tally.user_agent),
        ):
            if value and len(known) < LISTED:
                known[value] = None
        self.first_message = self.first_message or tally.message
        self.last_message = tally.message or self.last_message
        self.translated = self.translated or tally.translated

    def failed_within(self, boot: float, period: int) -> int:
        """Challenges that ran out unanswered within the period."""
        while self.waiting and self.waiting[0][0] <= boot - ANSWER_TIME:
            sent_at, count = self.waiting.popleft()
            self.matured += count
            self.failed = max(self.failed, self.matured - self.answered)
            self.history.append((sent_at + ANSWER_TIME, self.failed))
        while len(self.history) > 1 and self.history[1][0] <= boot - period:
            self.history.popleft()
        return self.failed - self.history[0][1]


class Challenges:
    """The balances of all sources that were challenged lately. Bounded; the least recently seen are forgotten."""

    def __init__(self, max_sources: int = MAX_SOURCES) -> None:
        self._balances: OrderedDict[tuple[str, bool], _Balance] = OrderedDict()
        self._suspects: set[tuple[str, bool]] = set()
        self._max_sources = max_sources

    def __len__(self) -> int:
        return len(self._balances)

    def count(self, tally: Tally, boot: float, wall: float, settings: SecuritySettings) -> None:
        """Adds one tally; `boot` is time since boot, which no clock step changes, `wall` the same moment for people."""
        key = (tally.source, tally.stream)
        balance = self._balances.get(key)
        if balance is None or balance.seen_at <= boot - ANSWER_TIME - settings.detection_period:
            balance = self._balances[key] = _Balance(boot, wall, deque([(boot, 0)]))
        balance.add(tally, boot, wall)
        balance.failed_within(boot, settings.detection_period)
        self._balances.move_to_end(key)
        if balance.sent - balance.answered > settings.failed_challenge_limit:
            self._suspects.add(key)
        while len(self._balances) > self._max_sources:
            gone, _ = self._balances.popitem(last=False)
            self._suspects.discard(gone)

    def strikes(self, boot: float, settings: SecuritySettings) -> Iterator[Evidence]:
        """Every source that *exceeds* the limit within the detection period. Costs nothing while nobody is near it."""
        if not settings.failed_challenge_enabled:
            return
        for key in list(self._suspects):
            balance = self._balances[key]
            count = balance.failed_within(boot, settings.detection_period)
            if count > settings.failed_challenge_limit:
                yield _evidence(key, balance, count, settings)
            elif balance.seen_at <= boot - ANSWER_TIME - settings.detection_period:
                self._suspects.discard(key)

    def blocked_agents(self, source: str) -> int:
        """Messages of blocked user agents that were dropped from there lately."""
        found = (self._balances.get((source, stream)) for stream in (False, True))
        return sum(balance.blocked for balance in found if balance is not None)

    def forget(self, source: str) -> None:
        """Starts the source afresh: after a ban, or when an entry allows it."""
        for stream in (False, True):
            self._balances.pop((source, stream), None)
            self._suspects.discard((source, stream))


def judge_unanswered(
    evidence: Evidence, around: Surroundings, settings: SecuritySettings, *, proved: bool
) -> Ban | Spared:
    """A strike becomes a ban only for a source that receives our answers: anybody can put any UDP source address on a
    packet. Whoever did not prove it is limited by rate, without memory. An office with healthy phones is not cut off.
    """
    if around.never_block:
        return Spared(evidence.source, Sparing.NEVER_BLOCK, around.never_block, (), evidence)
    if not proved:
        return Spared(evidence.source, Sparing.UNPROVED, "", (), evidence)
    if around.healthy:
        return Spared(evidence.source, Sparing.HEALTHY, around.healthy[0], (), evidence)
    return Ban(evidence.source, settings.failed_challenge_block, evidence)


def _evidence(key: tuple[str, bool], balance: _Balance, count: int, settings: SecuritySettings) -> Evidence:
    source, stream = key
    return Evidence(
        rule=FAILED_CHALLENGE,
        source=source,
        count=count,
        limit=settings.failed_challenge_limit,
        window=settings.detection_period,
        first_at=balance.first_wall,
        last_at=balance.last_wall,
        accounts=tuple(balance.accounts),
        distinct_accounts=len(balance.accounts),
        user_agents=tuple(balance.user_agents),
        methods=tuple(balance.methods),
        transports=("tcp",) if stream else ("udp",),
        reasons=(("unanswered_challenge", count),),
        blocked_agents=balance.blocked,
        first_message=balance.first_message,
        last_message=balance.last_message,
        translated=balance.translated,
    )
