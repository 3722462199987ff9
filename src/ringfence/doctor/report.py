"""What the doctor says: findings, what could not be asked, and a score."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ringfence.doctor.facts import Facts
from ringfence.doctor.finding import Check, Finding, Severity
from ringfence.doctor.table import CHECKS
from ringfence.policy.sentence import Sentence

BEST: Final = 100
MOST_EVIDENCE: Final = 50
"""Sentences of one finding; what is beyond is counted."""

CLEAN, FOUND, IMPOSSIBLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Report:
    """The worst first. `unasked` are checks whose facts could not be had: they are neither good nor bad news."""

    findings: tuple[Finding, ...]
    unasked: tuple[Check, ...]
    asked: int

    @property
    def score(self) -> int:
        """100 without a finding; each finding takes off what its severity weighs, however many things it names."""
        return max(0, BEST - sum(finding.check.severity.points for finding in self.findings))

    def exit_code(self, threshold: Severity) -> int:
        """0 clean, 1 something at least as bad as the threshold, 2 nothing could be asked."""
        if not self.asked:
            return IMPOSSIBLE
        return FOUND if any(finding.check.severity.reaches(threshold) for finding in self.findings) else CLEAN

    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity."""
        found = [finding.check.severity for finding in self.findings]
        return {severity.value: found.count(severity) for severity in Severity}


def examined(facts: Facts) -> Report:
    """Asks every check."""
    findings: list[Finding] = []
    unasked: list[Check] = []
    for check in CHECKS:
        evidence = check.examine(facts)
        if evidence is None:
            unasked.append(check)
        elif evidence:
            findings.append(Finding(check, evidence))
    findings.sort(key=lambda finding: -finding.check.severity.points)
    return Report(tuple(findings), tuple(unasked), len(CHECKS) - len(unasked))


def plain(report: Report, fixable: Callable[[str], bool]) -> dict[str, Any]:
    """The report as JSON values; `fixable` says which check has a fix that can be applied at once."""
    return {
        "score": report.score,
        "checks": report.asked,
        "counts": report.counts(),
        "findings": [_plain(finding, fixable) for finding in report.findings],
        "unasked": [{"id": check.id, "title": check.title} for check in report.unasked],
    }


def _plain(finding: Finding, fixable: Callable[[str], bool]) -> dict[str, Any]:
    check = finding.check
    return {
        "id": check.id,
        "severity": check.severity.value,
        "title": check.title,
        "evidence": list(shortened(finding.evidence)),
        "section": check.section,
        "says": check.says,
        "fix": check.advice.words,
        "command": check.advice.command,
        "page": check.advice.page,
        "fixable": fixable(check.id),
    }


def shortened(evidence: tuple[str, ...]) -> tuple[str, ...]:
    """At most 50 sentences and how many more there are."""
    more = len(evidence) - MOST_EVIDENCE
    return (*evidence[:MOST_EVIDENCE], _rest(more)) if more > 0 else evidence


def _rest(count: int) -> Sentence:
    return f"… and {count} more."
