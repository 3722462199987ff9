"""Dry run: what other settings would have done to recorded events, decided by the very code that decides live.

What the kernel counts (level 1 and level 2) and unanswered challenges leave no trace in the journal but the bans that
came of them. Of these it can tell who would have been spared: by a switch, or by an allow entry. Whom a lower limit
would have banned besides it cannot know, nor whom a higher one would have spared; the answer says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final, Protocol

from ringfence.policy.addresses import Address, ban_key, key_network, parse_address
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.offenders.antihacking import Evidence, Failure, Failures, Spared, Surroundings, judge
from ringfence.policy.offenders.challenges import FAILED_CHALLENGE
from ringfence.policy.offenders.entry_index import EntryIndex
from ringfence.policy.offenders.floods import RATE_RULES
from ringfence.policy.sentence import Sentence
from ringfence.policy.settings import SecuritySettings

NOTHING_CHANGED: Final = "This would have changed nothing for anybody."
MOST_SOURCES: Final = 10_000
"""Sources a trial remembers a fate for; the first ones count."""

SWITCHES: Final = {
    FAILED_CHALLENGE: "failed_challenge_enabled",
    RATE_RULES[0]: "level_1_enabled",
    RATE_RULES[1]: "level_2_enabled",
}
"""The rules whose bans are recorded, but not what was counted for them; and what switches each of them off."""

NOT_REPLAYED: Final = ("failed_challenge_limit", "level_1_packets", "level_2_packets")
"""What a change of these would have done is unknown."""


class Entries(Protocol):
    """Allow and block entries, however they are kept."""

    def lookup(self, address: Address, now: float) -> AddressEntry | None: ...


@dataclass(frozen=True, slots=True)
class Fewer:
    """Entries some of which are gone."""

    entries: EntryIndex
    gone: frozenset[str]

    def lookup(self, address: Address, now: float) -> AddressEntry | None:
        return self.entries.lookup(address, now, self.gone)


class Fate(StrEnum):
    """What would have become of a source."""

    BANNED = "banned"
    BLOCKED = "blocked"
    SPARED = "spared"


@dataclass(slots=True)
class Outcome:
    """The first that would have happened to one source, when, why, and which phones live there."""

    source: str
    fate: Fate
    at: float
    why: str
    evidence: Evidence | None = None
    phones: set[str] = field(default_factory=set)


class Trial:
    """One replay with one set of settings. Feed it in the order of time.

    What comes of failures before `counted_from` is carried out, not told: it may rest on some that nobody recorded.
    """

    def __init__(
        self,
        settings: SecuritySettings,
        entries: tuple[Entries, ...],
        around: Callable[[str, float], Surroundings],
    ) -> None:
        self.settings = settings
        self._entries = entries
        self._around = around
        self._failures = Failures()
        self._allowed = Failures()
        self._banned_until: dict[str, float] = {}
        self.counted_from = 0.0
        self.outcomes: dict[tuple[str, Fate], Outcome] = {}

    def fail(self, failure: Failure, address: str = "") -> None:
        """One failed authentication, exactly as the guard takes it: counted for the /64 of an IPv6 address, while an
        entry is looked up for the address itself.
        """
        if failure.at < self._banned_until.get(failure.source, 0.0):
            return
        entry = self._entry(address or failure.source, failure.at)
        if entry is not None and entry.target is Target.ALLOW:
            self._fail_allowed(failure, entry)
            return
        evidence = self._failures.count(failure, self.settings)
        if evidence is None:
            return
        ruling = judge(evidence, self._around(failure.source, failure.at), self.settings)
        if isinstance(ruling, Spared):
            self._counted(failure, Fate.SPARED, f"{ruling.why}: {ruling.protects}", ruling.evidence)
            return
        self._banned_until[failure.source] = failure.at + ruling.seconds
        self._failures.forget(failure.source)
        self._counted(failure, Fate.BANNED, ruling.evidence.rule, ruling.evidence)

    def strike(self, source: str, rule: str, at: float, seconds: float) -> None:
        """A ban that was recorded because of what leaves no other record: a packet rate, or unanswered challenges."""
        switch = SWITCHES.get(rule)
        if switch is None or not getattr(self.settings, switch) or at < self._banned_until.get(source, 0.0):
            return
        entry = self._entry(source, at)
        if entry is not None and entry.target is Target.ALLOW:
            self._note(source, Fate.SPARED, at, f"allow entry {entry.cidr}", None)
            return
        self._banned_until[source] = at + seconds
        self._note(source, Fate.BANNED, at, rule, None)

    def register(self, source: str, aor: str, at: float) -> None:
        """A phone that registered: whoever bans or blocks its source loses it."""
        entry = self._entry(source, at)
        if entry is not None and entry.target is Target.BLOCK:
            self._note(source, Fate.BLOCKED, at, f"block entry {entry.cidr}", None)
        for named in {source, _key(source)}:
            for fate in Fate:
                outcome = self.outcomes.get((named, fate))
                if outcome is not None:
                    outcome.phones.add(aor)

    def _fail_allowed(self, failure: Failure, entry: AddressEntry) -> None:
        evidence = self._allowed.count(failure, self.settings)
        if evidence is not None:
            note = f" ({entry.description})" if entry.description else ""
            self._counted(failure, Fate.SPARED, f"allow entry {entry.cidr}{note}", evidence)

    def _counted(self, failure: Failure, fate: Fate, why: str, evidence: Evidence) -> None:
        if failure.at >= self.counted_from:
            self._note(failure.source, fate, failure.at, why, evidence)

    def _entry(self, source: str, at: float) -> AddressEntry | None:
        """The longest prefix of all tables; of equal ones the first table's."""
        address = _address(source)
        found = [entry for table in self._entries if (entry := table.lookup(address, at)) is not None]
        return max(found, key=lambda entry: int(entry.cidr.partition("/")[2]), default=None)

    def _note(self, source: str, fate: Fate, at: float, why: str, evidence: Evidence | None) -> None:
        if (source, fate) in self.outcomes or len(self.outcomes) >= MOST_SOURCES:
            return
        phones = set(self._around(source, at).healthy)
        self.outcomes[source, fate] = Outcome(source, fate, at, why, evidence, phones)


@lru_cache(maxsize=10_000)
def _address(source: str) -> Address:
    """To read an address costs more than everything else that is done with an event."""
    return key_network(source).network_address if "/" in source else parse_address(source)


@lru_cache(maxsize=10_000)
def _key(source: str) -> str:
    return ban_key(source)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the wanted settings change: own people first, then by time."""

    harmed: tuple[Outcome, ...]
    freed: tuple[Outcome, ...]
    spared: tuple[Outcome, ...]

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The answer in whole sentences, without the phones behind each source.

        >>> Comparison((Outcome("192.0.2.7", Fate.BANNED, 1.0, "x"),), (), ()).sentences
        ('This would have stopped one more source: 192.0.2.7.',)
        """
        found = (*_stopped_in_words(self.harmed), *_let_through_in_words(self.freed))
        return found or (NOTHING_CHANGED,)

    @property
    def sentence(self) -> str:
        """The answer in words.

        >>> Comparison((Outcome("192.0.2.7", Fate.BANNED, 1.0, "x", None, {"101@a", "102@a"}),), (), ()).sentence
        'This would have stopped 1 more source: 192.0.2.7 (2 phones).'
        """
        parts = []
        if self.harmed:
            parts.append(f"would have stopped {_count(self.harmed)}: {_named(self.harmed)}")
        if self.freed:
            parts.append(f"would have let {_count(self.freed)} through: {_named(self.freed)}")
        return f"This {', and '.join(parts)}." if parts else NOTHING_CHANGED


def _stopped_in_words(sources: tuple[Outcome, ...]) -> Iterator[Sentence]:
    if len(sources) == 1:
        yield f"This would have stopped one more source: {sources[0].source}."
    elif sources:
        yield f"This would have stopped {len(sources)} more sources, among them {sources[0].source}."


def _let_through_in_words(sources: tuple[Outcome, ...]) -> Iterator[Sentence]:
    if len(sources) == 1:
        yield f"This would have let one more source through: {sources[0].source}."
    elif sources:
        yield f"This would have let {len(sources)} more sources through, among them {sources[0].source}."


def compare(present: Trial, wanted: Trial) -> Comparison:
    """Whom only the wanted settings stop, whom only the present ones do, and who would be saved by what."""
    before, after = _stopped(present), _stopped(wanted)
    spared = [outcome for (_, fate), outcome in wanted.outcomes.items() if fate is Fate.SPARED]
    return Comparison(
        _ordered([outcome for source, outcome in after.items() if source not in before]),
        _ordered([outcome for source, outcome in before.items() if source not in after]),
        _ordered(spared),
    )


def _stopped(trial: Trial) -> dict[str, Outcome]:
    return {source: outcome for (source, fate), outcome in trial.outcomes.items() if fate is not Fate.SPARED}


def _ordered(outcomes: list[Outcome]) -> tuple[Outcome, ...]:
    """Whoever an administrator knows comes first: an allow entry, a protected address, then the most phones."""
    return tuple(sorted(outcomes, key=lambda one: (one.fate is not Fate.SPARED, -len(one.phones), one.at)))


def _count(outcomes: tuple[Outcome, ...]) -> str:
    return "1 more source" if len(outcomes) == 1 else f"{len(outcomes)} more sources"


def _named(outcomes: tuple[Outcome, ...]) -> str:
    shown = [f"{one.source} ({_phones(len(one.phones))})" if one.phones else one.source for one in outcomes[:5]]
    return ", ".join(shown) + (f" and {len(outcomes) - 5} others" if len(outcomes) > 5 else "")


def _phones(number: int) -> str:
    return "1 phone" if number == 1 else f"{number} phones"
