"""The alarms of guessing that stays below every limit."""

from typing import Final

from ringfence.guard.clock import Moment
from ringfence.guard.health.alarms import Alarms
from ringfence.policy.offenders.antihacking import Failure
from ringfence.policy.offenders.patience import Finding, PatientGuessing, Pattern
from ringfence.policy.sentence import Sentence

QUIET_AFTER: Final = 3_600.0
"""Seconds without another finding of the kind until its alarm is taken back."""


class Patience:
    """Raised at the first finding of a kind, cleared when none came for a while."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._guessing = PatientGuessing()

    def take(self, failure: Failure, now: Moment) -> None:
        for finding in self._guessing.count(failure):
            self._alarms.set_off_for(finding.pattern, _told(finding), now, QUIET_AFTER)


def _told(finding: Finding) -> Sentence:
    hours = finding.seconds // 3_600
    if finding.pattern is Pattern.SPREAD:
        return (
            f"{finding.count} different addresses failed to sign in as {finding.subject} within {hours} h. Who reaches "
            "the limit is banned, who stays below it is not. A generated SIP secret cannot be guessed like this; renew "
            "one that a person chose."
        )
    return (
        f"{finding.subject} failed to sign in to {finding.count} different accounts within {hours} h without reaching "
        "the limit. If no phones of yours stand there, block it."
    )
