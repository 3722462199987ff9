"""Anti-hacking: failures in a sliding window become a strike, and a strike becomes a ban or a spared source, with its
evidence.

Reference: "SIP and TCP/IP Security (Anti-Hacking)", Failed authentication protection: a source that *reaches* the
limit within the detection period is blocked. A stale nonce or a password that was valid until a moment ago is no
failure and never arrives here.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ringfence.policy.settings import SecuritySettings

FAILED_AUTHENTICATION: Final = "antihacking.failed_authentication"
MAX_SOURCES: Final = 16_384
MAX_FAILURES: Final = 200_000
"""Failures remembered over all sources: bounds memory; the least recently seen sources are forgotten first."""

MANY_ACCOUNTS: Final = 10
"""So many different accounts failing from one address are an attack, even if a healthy phone lives there too."""

LISTED: Final = 20
CLOCK_STEP: Final = 2.0
"""Seconds by which events of different workers may be out of order; a larger step back is a changed clock."""


class Sparing(StrEnum):
    """Why a source over the limit is not banned."""

    NEVER_BLOCK = "never_block.member"
    HEALTHY = "office.healthy"
    UNPROVED = "source.unproved"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed authentication, already proven to be answerable: the nonce was ours and fresh. `at` is Unix time in
    seconds.
    """

    at: float
    source: str
    account: str
    method: str = ""
    reason: str = ""
    transport: str = ""
    user_agent: str = ""
    message: str = ""
    translated: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a ban rests on. Lists are bounded; the counts beside them are not. Messages are excerpts without secrets."""

    rule: str
    source: str
    count: int
    limit: int
    window: int
    first_at: float
    last_at: float
    accounts: tuple[str, ...]
    distinct_accounts: int
    user_agents: tuple[str, ...]
    methods: tuple[str, ...]
    transports: tuple[str, ...]
    reasons: tuple[tuple[str, int], ...]
    healthy: tuple[str, ...] = ()
    blocked_agents: int = 0
    first_message: str = ""
    last_message: str = ""
    translated: bool = False
    """It came through NAT64: the kernel sees IPv6 packets, so Kamailio must refuse them."""


@dataclass(frozen=True, slots=True)
class Ban:
    """The source must go, for so many seconds."""

    source: str
    seconds: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Spared:
    """The source is over the limit but is not banned. `pairs` names the accounts to slow from there instead."""

    source: str
    why: Sparing
    protects: str
    pairs: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known about a source at the moment of its strike."""

    never_block: str = ""
    healthy: tuple[str, ...] = ()
    blocked_agents: int = 0


@dataclass(slots=True)
class _Window:
    """The failures of one source. Of their messages only the first and the last are kept."""

    failures: deque[Failure]
    first_message: str = ""
    last_message: str = ""


class Failures:
    """The failures of the last detection period, by source. Bounded in sources and in failures."""

    def __init__(self, max_sources: int = MAX_SOURCES, max_failures: int = MAX_FAILURES) -> None:
        self._sources: OrderedDict[str, _Window] = OrderedDict()
        self._max_sources = max_sources
        self._max_failures = max_failures
        self._held = 0

    def __len__(self) -> int:
        return len(self._sources)

    @property
    def held(self) -> int:
        """Failures remembered, over all sources."""
        return self._held

    def count(self, failure: Failure, settings: SecuritySettings) -> Evidence | None:
        """Counts one failure. Returns the evidence once the source has reached the limit within the period."""
        if not settings.failed_authentication_enabled:
            return None
        window = self._window_of(failure.source)
        self._forget_old(window.failures, failure.at, settings.detection_period)
        self._keep(window, failure)
        while len(window.failures) > settings.failed_authentication_limit:
            self._drop_oldest(window.failures)
        self._make_room()
        if len(window.failures) < settings.failed_authentication_limit:
            return None
        return _evidence(failure.source, window, settings)

    def __contains__(self, source: str) -> bool:
        return source in self._sources

    def forget(self, source: str) -> None:
        """Starts the source afresh: after a ban, or when an entry allows it."""
        window = self._sources.pop(source, None)
        self._held -= len(window.failures) if window else 0

    def _window_of(self, source: str) -> _Window:
        window = self._sources.get(source)
        if window is None:
            window = self._sources[source] = _Window(deque())
        self._sources.move_to_end(source)
        return window

    def _keep(self, window: _Window, failure: Failure) -> None:
        if not window.failures:
            window.first_message = failure.message
        window.last_message = failure.message
        window.failures.append(replace(failure, message="") if failure.message else failure)
        self._held += 1

    def _forget_old(self, window: deque[Failure], now: float, period: int) -> None:
        while window and window[0].at <= now - period:
            self._drop_oldest(window)
        if window and window[-1].at > now + CLOCK_STEP:
            self._held -= len(window)
            window.clear()

    def _drop_oldest(self, window: deque[Failure]) -> None:
        window.popleft()
        self._held -= 1

    def _make_room(self) -> None:
        while len(self._sources) > self._max_sources or (self._held > self._max_failures and len(self._sources) > 1):
            _, window = self._sources.popitem(last=False)
            self._held -= len(window.failures)


def judge(evidence: Evidence, around: Surroundings, settings: SecuritySettings) -> Ban | Spared:
    """A strike becomes a ban, unless the source is a never-block member, or one bad phone in a healthy office.

    One phone with a wrong password must not take down the office behind the same address: with a healthy registration
    there, fewer than MANY_ACCOUNTS different failing accounts are slowed as (address, account) pairs instead.
    """
    known = replace(evidence, healthy=around.healthy[:LISTED], blocked_agents=around.blocked_agents)
    if around.never_block:
        return Spared(evidence.source, Sparing.NEVER_BLOCK, around.never_block, evidence.accounts, known)
    if around.healthy and evidence.distinct_accounts < MANY_ACCOUNTS:
        return Spared(evidence.source, Sparing.HEALTHY, around.healthy[0], evidence.accounts, known)
    return Ban(evidence.source, settings.failed_authentication_block, known)


def _evidence(source: str, window: _Window, settings: SecuritySettings) -> Evidence:
    failures = tuple(window.failures)
    accounts = Counter(failure.account for failure in failures)
    return Evidence(
        rule=FAILED_AUTHENTICATION,
        source=source,
        count=len(failures),
        limit=settings.failed_authentication_limit,
        window=settings.detection_period,
        first_at=failures[0].at,
        last_at=failures[-1].at,
        accounts=tuple(account for account, _ in accounts.most_common(LISTED)),
        distinct_accounts=len(accounts),
        user_agents=_most(failure.user_agent for failure in failures),
        methods=_most(failure.method for failure in failures),
        transports=_most(failure.transport for failure in failures),
        reasons=tuple(Counter(failure.reason for failure in failures).most_common(LISTED)),
        first_message=window.first_message,
        last_message=window.last_message,
        translated=any(failure.translated for failure in failures),
    )


def _most(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(value for value, _ in Counter(values).most_common(LISTED) if value)
