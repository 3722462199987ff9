"""Guessing that stays below every limit: at one account from many addresses, or at many from one address, slowly.

Nobody is banned for it: each address did little, and an office whose phones all lost their passwords looks the same.
An administrator hears of it (reference: "Brute-force attempts targeting extension numbers and passwords").

>>> guessing = PatientGuessing(most=2)
>>> guessing.count(Failure(0.0, "192.0.2.1", "101@acme.example"))
()
>>> guessing.count(Failure(9.0, "192.0.2.2", "101@acme.example"))
(Finding(pattern=<Pattern.SPREAD: 'guessing.spread'>, subject='101@acme.example', count=2, seconds=3600),)
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringfence.policy.offenders.antihacking import Failure

MOST: Final = 20
"""Different addresses that fail at one account, or different accounts that fail from one address, until it is told."""

SPREAD_SECONDS: Final = 3_600
SLOW_SECONDS: Final = 86_400
SPACING: Final = 60.0
"""Seconds from one account of an address to the next that counts: who is quicker is a matter of the ordinary limit."""

MAX_SUBJECTS: Final = 4_096
"""Accounts and addresses remembered, each with at most `MOST` others; those seen longest ago are forgotten first."""


class Pattern(StrEnum):
    """How somebody guesses."""

    SPREAD = "guessing.spread"
    SLOW = "guessing.slow"


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is the account that `count` addresses tried, or the address that tried `count` accounts, in so many
    seconds.
    """

    pattern: Pattern
    subject: str
    count: int
    seconds: int


class PatientGuessing:
    """The failures of hours by account and by source, bounded in both."""

    def __init__(self, most: int = MOST, max_subjects: int = MAX_SUBJECTS) -> None:
        self._most = most
        self._max_subjects = max_subjects
        self._sources_of: OrderedDict[str, dict[str, float]] = OrderedDict()
        self._accounts_of: OrderedDict[str, dict[str, float]] = OrderedDict()

    def count(self, failure: Failure) -> tuple[Finding, ...]:
        """Counts one failure; what it makes plain. A subject is told of once, then counted anew."""
        found = (
            self._seen(Pattern.SPREAD, failure.account, failure.source, failure.at),
            self._seen(Pattern.SLOW, failure.source, failure.account, failure.at),
        )
        return tuple(finding for finding in found if finding is not None)

    def _seen(self, pattern: Pattern, subject: str, other: str, now: float) -> Finding | None:
        subjects, seconds, spacing = self._table(pattern)
        first_seen = subjects.setdefault(subject, {})
        subjects.move_to_end(subject)
        if len(subjects) > self._max_subjects:
            subjects.popitem(last=False)
        if other in first_seen or (first_seen and now < next(reversed(first_seen.values())) + spacing):
            return None
        first_seen[other] = now
        if len(first_seen) < self._most:
            return None
        subjects[subject] = recent = {name: at for name, at in first_seen.items() if at > now - seconds}
        if len(recent) < self._most:
            return None
        del subjects[subject]
        return Finding(pattern, subject, self._most, seconds)

    def _table(self, pattern: Pattern) -> tuple[OrderedDict[str, dict[str, float]], int, float]:
        if pattern is Pattern.SPREAD:
            return self._sources_of, SPREAD_SECONDS, 0.0
        return self._accounts_of, SLOW_SECONDS, SPACING
