"""Takes in journal events: keeps what stands, counts failures, and carries out what the policy decides about them."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.alarms import Alarms
from ringfence.guard.bans import Bans
from ringfence.guard.clock import Moment
from ringfence.guard.known import Known
from ringfence.guard.ledger import BanRecord, Ledger
from ringfence.guard.neverblock import NeverBlock
from ringfence.guard.standing import MALFORMED, Standing
from ringfence.journal.reader import Entry, Event, decode
from ringfence.policy.addresses import ban_key, key_network, parse_address
from ringfence.policy.antihacking import Ban, Evidence, Failure, Failures, Spared, Surroundings, judge
from ringfence.policy.events import Kind

SPARED_EVERY: Final = 60.0
REMEMBERED_SPARED: Final = 4_096
LONGEST_TEXT: Final = 128

PASSED_ON: Final = frozenset(
    {
        Kind.CALL_STARTED,
        Kind.CALL_ANSWERED,
        Kind.CALL_ENDED,
        Kind.CALL_REFUSED,
        Kind.REQUEST_REFUSED,
        Kind.ENGINE_STARTED,
        Kind.ENGINE_EXCEPTION,
        Kind.MEDIA_FAILED,
        Kind.POLICY_ADOPTED,
        Kind.POLICY_BROKEN,
    }
)
"""Worker events the portal gets through the ledger. Registrations and single failures are too many for that."""

MALFORMED_EVENT: Final = "journal.malformed_event"


@dataclass(frozen=True, slots=True)
class Record:
    """Where effects go."""

    bans: Bans
    ledger: Ledger
    alarms: Alarms
    known: Known


class Intake:
    """One event at a time; a malformed one raises an alarm and harms nothing."""

    def __init__(
        self, standing: Standing, policy: AdoptedPolicy, never_block: NeverBlock, record: Record, boot_id: str
    ) -> None:
        self._standing = standing
        self._policy = policy
        self._never_block = never_block
        self._bans = record.bans
        self._ledger = record.ledger
        self._alarms = record.alarms
        self._known = record.known
        self._boot_id = boot_id
        self._failures = Failures()
        self._spared: OrderedDict[tuple[str, str], float] = OrderedDict()

    def take(self, lines: Iterable[bytes], now: Moment) -> int:
        """Carries out everything these lines ask for; returns how many were beyond repair.

        Registrations come first because they are the most.
        """
        saved_line = self._standing.registrations.saved_line
        spoiled = 0
        for line in lines:
            if saved_line(line):
                continue
            entry = decode(line)
            if entry is None:
                spoiled += 1
            else:
                self._take_event(*entry, now)
        return spoiled

    def _take_event(self, line: bytes, event: Event, now: Moment) -> None:
        try:
            if event["kind"] == Kind.AUTH_FAILED:
                self._failed_authentication(event, now)
                return
            if event["kind"] in PASSED_ON:
                self._ledger.note(event["t"], event["kind"], line)
            self._standing.take(line, event)
        except MALFORMED as error:
            self._report_malformed(event, error, now)

    def recall(self, entries: Iterable[Entry]) -> None:
        """Takes in again what was carried out before the last stop: state and counts only, no effects."""
        for line, event in entries:
            try:
                self._standing.take(line, event)
                if event["kind"] == Kind.AUTH_FAILED:
                    self._recall_failure(_failure(event))
            except MALFORMED:
                continue

    def forget(self, key: str) -> None:
        """Starts counting this source afresh."""
        self._failures.forget(key)

    def _failed_authentication(self, event: Event, now: Moment) -> None:
        failure = _failure(event)
        self._known.prove(failure.source, now)
        if failure.source in self._bans or self._policy.addresses.allows(parse_address(event["source"]), now.wall):
            return
        settings = self._policy.book.security
        evidence = self._failures.count(failure, settings)
        if evidence is None:
            return
        decision = judge(evidence, self._surroundings(failure.source, now.wall), settings)
        match decision:
            case Ban():
                self._ban(decision, now)
            case Spared():
                self._spare(decision, now)

    def _surroundings(self, key: str, now: float) -> Surroundings:
        member = self._never_block.covered_by(key_network(key))
        return Surroundings(
            never_block=f"{member.name} ({member.network})" if member else "",
            healthy=self._standing.registrations.healthy_at(key, now),
        )

    def _ban(self, ban: Ban, now: Moment) -> None:
        self._bans.add(
            BanRecord(
                key=ban.source,
                rule=ban.evidence.rule,
                reason=_sentence(ban.evidence),
                by="guard",
                since=now.wall,
                until=now.wall + ban.seconds,
                boot_id=self._boot_id,
                boot_until=now.boot + ban.seconds,
                evidence=_plain(ban.evidence),
            ),
            now,
        )
        self._failures.forget(ban.source)

    def _spare(self, spared: Spared, now: Moment) -> None:
        if now.boot < self._spared.get((spared.source, spared.why), 0.0):
            return
        self._spared[spared.source, spared.why] = now.boot + SPARED_EVERY
        self._spared.move_to_end((spared.source, spared.why))
        while len(self._spared) > REMEMBERED_SPARED:
            self._spared.popitem(last=False)
        self._bans.slow(spared.source, spared.pairs, now.wall + spared.evidence.window)
        body = {
            "address": spared.source,
            "why": spared.why,
            "protects": spared.protects,
            "evidence": _plain(spared.evidence),
        }
        self._ledger.note(now.wall, Kind.BAN_SPARED, body)

    def _recall_failure(self, failure: Failure) -> None:
        if failure.source in self._bans:
            return
        self._failures.count(failure, self._policy.book.security)

    def _report_malformed(self, event: Event, error: Exception, now: Moment) -> None:
        message = f"A worker wrote a {str(event.get('kind'))[:LONGEST_TEXT]} event the guard cannot use: {error!r}"
        self._alarms.set_off(MALFORMED_EVENT, message, now.wall)


def _failure(event: Event) -> Failure:
    source = event["source"]
    return Failure(
        at=event["t"],
        source=ban_key(source) if ":" in source else source,
        account=_text(event, "account"),
        method=_text(event, "method"),
        reason=_text(event, "reason"),
        transport=_text(event, "transport"),
        user_agent=_text(event, "user_agent"),
    )


def _text(event: Event, name: str) -> str:
    return str(event.get(name, ""))[:LONGEST_TEXT]


def _plain(evidence: Evidence) -> dict[str, Any]:
    return {**asdict(evidence), "reasons": dict(evidence.reasons)}


def _sentence(evidence: Evidence) -> str:
    return (
        f"{evidence.count} failed authentications within {evidence.window} s (limit {evidence.limit}), "
        f"{_accounts(evidence.distinct_accounts)} tried"
    )


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count} different accounts"
