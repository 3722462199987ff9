"""Checks and what they find."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringfence.doctor.facts import Facts, Host, Settings
from ringfence.policy.sentence import Sentence

type Evidence = Iterable[Sentence]


class Severity(StrEnum):
    """How bad it is: critical lets strangers in or spends money, low is advice."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def points(self) -> int:
        """What it takes off the score of 100."""
        return _POINTS[self]

    def reaches(self, other: "Severity") -> bool:
        """Whether it is at least as bad.

        >>> Severity.HIGH.reaches(Severity.MEDIUM), Severity.LOW.reaches(Severity.MEDIUM)
        (True, False)
        """
        return self.points >= other.points


_POINTS: Final = {Severity.CRITICAL: 25, Severity.HIGH: 10, Severity.MEDIUM: 4, Severity.LOW: 1}


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do. `command` is typed on the host, `page` is where the setting lies in the portal."""

    words: str
    command: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One recommendation. `section` is the reference's heading, `says` its advice in other words.

    Exactly one of `of_settings` and `of_host` asks; it yields a sentence for each thing that is not as it should be.
    """

    id: str
    severity: Severity
    title: str
    section: str
    says: str
    advice: Advice
    of_settings: Callable[[Settings], Evidence] | None = None
    of_host: Callable[[Host], Evidence] | None = None

    def examine(self, facts: Facts) -> tuple[str, ...] | None:
        """The evidence, empty when all is well; None when the facts it needs could not be had."""
        if self.of_settings is not None:
            return None if facts.settings is None else tuple(self.of_settings(facts.settings))
        if self.of_host is not None:
            return None if facts.host is None else tuple(self.of_host(facts.host))
        raise ValueError(f"the check {self.id} asks nothing")


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that found something."""

    check: Check
    evidence: tuple[str, ...]
