"""Takes in journal events: keeps what stands, counts failures, and carries out what the policy decides about them."""

import logging
from collections.abc import Iterable
from typing import Any, Final

import orjson

from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.clock import Moment, moment
from ringfence.guard.health.displaced import Displaced
from ringfence.guard.health.faults import Faults
from ringfence.guard.live.standing import MALFORMED, Standing
from ringfence.guard.money.fuse import Fuse
from ringfence.guard.offenders.patience import Patience
from ringfence.guard.offenders.rulings import Record, Rulings
from ringfence.guard.offenders.unanswered import LONGEST_MESSAGE, LONGEST_TEXT, Unanswered
from ringfence.journal.reader import Entry, Event, decode
from ringfence.policy.addresses import ban_key, is_translated, parse_address
from ringfence.policy.events import Kind
from ringfence.policy.offenders.antihacking import Ban, Failure, Failures, judge
from ringfence.policy.people.lamps import MESSAGES

PASSED_ON: Final = frozenset(
    {
        Kind.REGISTRATION_DISPLACED,
        Kind.CALLING_ASKED,
        Kind.CALL_STARTED,
        Kind.CALL_FORWARDED,
        Kind.CALL_ANSWERED,
        Kind.CALL_ENDED,
        Kind.CALL_REFUSED,
        Kind.CALL_EMERGENCY,
        Kind.REQUEST_REFUSED,
        Kind.TRUNK_CHANGED,
        Kind.ENGINE_STARTED,
        Kind.ENGINE_EXCEPTION,
        Kind.POLICY_BROKEN,
    }
)
"""Worker events the portal gets through the ledger. Registrations and single failures are too many for that."""

REGISTRATION_FIELDS: Final = ("aor", "source", "transport", "user_agent", "display_name", "tenant_id", "user_id")
MALFORMED_EVENT: Final = "journal.malformed_event"
BROKEN_EVENT: Final = "guard.broken_event"

log = logging.getLogger(__name__)


class Intake:
    """One event at a time; a malformed one raises an alarm and harms nothing."""

    def __init__(self, standing: Standing, policy: AdoptedPolicy, rulings: Rulings, record: Record, fuse: Fuse) -> None:
        self._standing = standing
        self._fuse = fuse
        self._policy = policy
        self.rulings = rulings
        self._bans = record.bans
        self._ledger = record.ledger
        self._alarms = record.alarms
        self._known = record.known
        self._failures = Failures()
        self.faults = Faults(record.alarms)
        self.displaced = Displaced(record.alarms)
        self.patience = Patience(record.alarms)
        self.unanswered = Unanswered(policy, record.bans, record.known, rulings)

    def take(self, lines: Iterable[bytes], now: Moment) -> int:
        """Carries out everything these lines ask for; returns how many were beyond repair.

        Registrations come first because they are the most.
        """
        saved_line = self._standing.registrations.saved_line
        spoiled = 0
        for line in lines:
            try:
                if saved_line(line):
                    continue
                entry = decode(line)
                if entry is None:
                    spoiled += 1
                else:
                    self._take_event(*entry, now)
            except Exception as error:
                self._report_broken(line, error, now)
        self.note_news(now)
        return spoiled

    def note_news(self, now: Moment) -> None:
        """Tells the ledger which extensions came and went; a refresh is no news."""
        for line, why in self._standing.registrations.news():
            told = told_of(line)
            self._standing.watches.touch(told.get("aor"))
            if why:
                self._ledger.note(now.wall, Kind.REGISTRATION_REMOVED, {**told, "why": why})
            else:
                self._ledger.note(now.wall, Kind.REGISTRATION_SAVED, told)

    def _take_event(self, line: bytes, event: Event, now: Moment) -> None:
        try:
            if event["kind"] == Kind.AUTH_FAILED:
                self._failed_authentication(event, now)
                return
            if event["kind"] == Kind.CALL_ENDED:
                self._ledger.note(event["t"], event["kind"], orjson.dumps(self._settled(event)))
            elif event["kind"] in PASSED_ON or _asks_for_messages(event):
                self._ledger.note(event["t"], event["kind"], line)
            if event["kind"] == Kind.ENGINE_EXCEPTION:
                self.faults.take(event, now)
            if event["kind"] == Kind.REGISTRATION_DISPLACED:
                self.displaced.take(event, now)
            self._standing.take(line, event)
            self._meter_call(event)
        except MALFORMED as error:
            self._report_malformed(event, error, now)

    def _settled(self, event: Event) -> dict[str, Any]:
        """The end of a call with what only we know of it."""
        calls = self._standing.calls
        why = calls.why_ended(event["call_id"])
        charged = {**self._fuse.ended(event), **calls.heard_outside(event["call_id"]), **calls.dated(event)}
        return {**event, **charged, "reason": why} if why else {**event, **charged}

    def _meter_call(self, event: Event) -> None:
        if event["kind"] in (Kind.CALL_STARTED, Kind.CALL_FORWARDED):
            self._fuse.started(event)
        elif event["kind"] == Kind.CALL_ANSWERED:
            self._fuse.answered(event)

    def recall(self, entries: Iterable[Entry]) -> None:
        """Takes in again what was carried out before the last stop: state and counts only, no effects."""
        for line, event in entries:
            try:
                self._standing.take(line, event)
                if event["kind"] == Kind.AUTH_FAILED:
                    self._recall_failure(failure_of(event))
            except MALFORMED:
                continue
            except Exception as error:
                self._report_broken(line, error, moment())
        self._standing.registrations.news()  # told before the last stop
        self._standing.watches.recalled()

    def forget(self, key: str) -> None:
        """Starts counting this source afresh."""
        self._failures.forget(key)
        self.unanswered.forget(key)

    def _failed_authentication(self, event: Event, now: Moment) -> None:
        failure = failure_of(event)
        self._known.prove(failure.source, now)
        if failure.source in self._bans or self._policy.addresses.allows(parse_address(event["source"]), now.wall):
            return
        self.patience.take(failure, now)
        settings = self._policy.book.security
        evidence = self._failures.count(failure, settings)
        if evidence is None:
            return
        around = self.rulings.surroundings(failure.source, now.wall, self.unanswered.blocked_agents(failure.source))
        ruling = judge(evidence, around, settings)
        self.rulings.carry_out(ruling, now)
        if isinstance(ruling, Ban):
            self._failures.forget(failure.source)

    def _recall_failure(self, failure: Failure) -> None:
        if failure.source in self._bans:
            return
        self._failures.count(failure, self._policy.book.security)

    def _report_malformed(self, event: Event, error: Exception, now: Moment) -> None:
        message = f"A worker wrote a {str(event.get('kind'))[:LONGEST_TEXT]} event the guard cannot use: {error!r}"
        self._alarms.set_off(MALFORMED_EVENT, message, now.wall)

    def _report_broken(self, line: bytes, error: Exception, now: Moment) -> None:
        """A fault of ours. The events behind it are other people's calls, and must not be lost for it."""
        log.error("not carried out: %s", line[:LONGEST_MESSAGE].decode("utf-8", "replace"), exc_info=error)
        message = f"The guard failed at an event and went on with the next ({error!r}). Please report this."
        self._alarms.set_off(BROKEN_EVENT, message, now.wall)


def failure_of(event: Event) -> Failure:
    source = event["source"]
    return Failure(
        at=event["t"],
        source=ban_key(source) if ":" in source else source,
        account=_text(event, "account"),
        method=_text(event, "method"),
        reason=_text(event, "reason"),
        transport=_text(event, "transport"),
        user_agent=_text(event, "user_agent"),
        message=str(event.get("message", ""))[:LONGEST_MESSAGE],
        translated=":" in source and is_translated(source),
    )


def told_of(line: bytes) -> dict[str, Any]:
    """What a listener hears of a registration: whose it is and from where."""
    entry = decode(line)
    event = entry[1] if entry is not None else {}
    return {name: event[name] for name in REGISTRATION_FIELDS if name in event}


def _text(event: Event, name: str) -> str:
    return str(event.get(name, ""))[:LONGEST_TEXT]


def _asks_for_messages(event: Event) -> bool:
    """The portal counts them for whoever begins to watch a mailbox, and at every refresh."""
    return bool(event["kind"] == Kind.WATCH_SAVED and event["event"] == MESSAGES)
