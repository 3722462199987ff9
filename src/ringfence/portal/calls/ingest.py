"""Takes finished calls from the guard into the database. Killed at any point, nothing is lost or counted twice."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction

from ringfence.policy.calls.ladder import MOST_CHARACTERS
from ringfence.policy.events import Kind
from ringfence.policy.outgoing.outside import was_for_outside
from ringfence.policy.trunking.ways import MOST_WAYS
from ringfence.portal import guard, publish
from ringfence.portal.actor import Actor
from ringfence.portal.audit import retention
from ringfence.portal.audit.chain import append
from ringfence.portal.calls.models import CallRecord, EventCursor
from ringfence.portal.clocksteps import ClockSteps
from ringfence.portal.confirm.changes import revert_due
from ringfence.portal.people.codes import carry_out
from ringfence.portal.retention.work import delete_old_call_records, write_log_rules
from ringfence.portal.security.history import take_history
from ringfence.portal.steps import Steps
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.voicemail.waiting import answer_watch

log = logging.getLogger(__name__)

CURSOR: Final = "calls"
CALLS: Final = (Kind.CALL_ENDED, Kind.CALL_REFUSED)
BANS: Final = (Kind.BAN_ADDED, Kind.BAN_LIFTED)
KINDS: Final = (*CALLS, *BANS, Kind.CALLING_ASKED, Kind.WATCH_SAVED)
SHELL: Final = "command line"
"""How the guard's events name whoever works at a shell of the server; what the portal does is in its log already."""

BATCH: Final = 500
TEXTS: Final = {
    "payer": 255, "number": 64, "outbound_rule": 128, "source": 64, "codec": 64, "caller_rtp": 64, "called_rtp": 64,
    "destination": 16, "rate": 64,
}  # fmt: skip
"""What else a record tells in words, and how much of it."""

WAIT: Final = 1.0
"""Seconds the guard holds the question when there is nothing new; pending publishes are retried in the same rhythm."""

PAUSE: Final = 0.5


class Loop:
    """The work of `manage ingest`. A trouble is logged when it begins and when it ends, not twice a second."""

    def __init__(self) -> None:
        self._step = Steps().take
        self._hours: dict[str, float] = {}
        self._clock = ClockSteps()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        while not until():
            stored = self._step("events", take_events)
            self._step("clock", self._clock.look)
            self._step("changes", publish.publish_pending)
            self._once_an_hour("audit log", retention.delete_old)
            self._once_an_hour("call records", delete_old_call_records)
            self._once_an_hour("log rules", write_log_rules)
            self._step("reverts", revert_due)
            if stored is None:
                time.sleep(PAUSE)
            else:
                self._step("attacks", take_history)

    def _once_an_hour(self, what: str, work: Callable[[], int]) -> None:
        if time.monotonic() >= self._hours.get(what, 0.0):
            self._hours[what] = time.monotonic() + 3600
            self._step(what, work)


def take_events() -> int:
    """Asks for what is new and stores it with the cursor, in one transaction. Returns the number of events."""
    row = EventCursor.objects.filter(name=CURSOR).first()
    position = row.position if row else 0
    answer = guard.ask(
        "events.since", WAIT + 5, cursor=position, kinds=[str(kind) for kind in KINDS], limit=BATCH, wait=WAIT
    )
    events, after = answer["events"], answer["cursor"]
    if answer.get("last", after) < position:
        log.warning("the guard's ledger begins anew; its events are read from the start")
        after = 0
    if after == position:
        return 0
    with transaction.atomic():
        for event in events:
            if event.get("kind") in BANS:
                audit_ban(event)
            elif event.get("kind") == Kind.CALLING_ASKED:
                carry_out(event)
            elif event.get("kind") == Kind.WATCH_SAVED:
                answer_watch(event)
            else:
                store(event)
        EventCursor.objects.update_or_create(name=CURSOR, defaults={"position": after})
    return len(events)


def audit_ban(event: dict[str, Any]) -> None:
    """A ban that was made or lifted at a shell, where no portal could write it down."""
    by = str(event.get("by") or "")
    if not by.startswith(SHELL):
        return
    reason = {"reason": {"new": str(event.get("reason") or event.get("why") or "")[:200]}}
    action = "ban.added" if event["kind"] == Kind.BAN_ADDED else "ban.lifted"
    append(Actor(by[:320], "local"), action, "", str(event.get("address") or event.get("key") or "")[:64], reason)


def store(event: dict[str, Any]) -> None:
    """One event as a call record. A known call id is left as it is; a broken event is logged and skipped."""
    try:
        facts = record_of(event)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        log.error("this event is no call record (%s): %.300r", error, event)
        return
    tenant_id = event.get("tenant_id")
    facts["tenant"] = Tenant.objects.filter(pk=tenant_id).first() if isinstance(tenant_id, int) else None
    CallRecord.objects.get_or_create(call_id=facts.pop("call_id"), defaults=facts)


def record_of(event: dict[str, Any]) -> dict[str, Any]:
    """The columns of a call record. Raises KeyError, TypeError or ValueError."""
    ended = float(event.get("ended_at") or event["t"])
    started = float(event.get("started_at") or event["t"])
    answered = event.get("answered_at")
    return {
        "call_id": str(event["call_id"])[:255],
        "caller": _text(event, "caller"),
        "callee": _text(event, "callee"),
        "dialled": _text(event, "dialled"),
        "started_at": _moment(started),
        "answered_at": _moment(float(answered)) if answered else None,
        "ended_at": _moment(ended),
        "duration": round(max(0.0, ended - float(answered)), 3) if answered else 0.0,
        "ended_by": _text(event, "ended_by")[:32],
        "code": int(event.get("code") or 0),
        "reason": _text(event, "reason"),
        "rule": _text(event, "rule")[:128],
        **{name: _text(event, name)[:length] for name, length in TEXTS.items()},
        **{name: _quality(event, name) for name in ("mos", "loss", "jitter", "round_trip")},
        "direction": _text(event, "direction")[:16] or _direction_refused(_text(event, "rule")),
        "trunk": _whole(event, "trunk"),
        "trunks": _trunks(event),
        "cost": _whole(event, "cost"),
        "ladder": str(event.get("ladder") or "")[:MOST_CHARACTERS],
    }


def _direction_refused(rule: str) -> str:
    """A refused call has led nowhere; who looks for fraud looks among the calls to the outside."""
    return "outbound" if was_for_outside(rule) else "internal"


def _whole(event: dict[str, Any], name: str) -> int | None:
    value = event.get(name)
    return value if type(value) is int and 0 <= value < 1 << 62 else None


def _trunks(event: dict[str, Any]) -> list[int]:
    """Those that were asked; of a call that was lost at the first one, nobody told more than that."""
    told, first = event.get("trunks"), _whole(event, "trunk")
    found = [one for one in told if type(one) is int][:MOST_WAYS] if isinstance(told, list) else []
    return found or ([first] if first and event.get("direction") == "outbound" else [])


def _quality(event: dict[str, Any], name: str) -> float | None:
    value = event.get(name)
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1e6 else None


def _text(event: dict[str, Any], name: str) -> str:
    return str(event.get(name) or "").replace("\0", "")[:255]


def _moment(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)
