"""Event kinds: the words of the journal, the ledger and the event socket. One table; nothing else invents a kind."""

from enum import StrEnum
from typing import Final

LEDGER_EVENTS: Final = 500_000
"""How many events the guard's ledger keeps; older ones are deleted."""


class Kind(StrEnum):
    """What happened. The value stands in the journal as `kind`."""

    REGISTRATION_SAVED = "registration.saved"
    REGISTRATION_RENEWED = "registration.renewed"
    REGISTRATION_REMOVED = "registration.removed"
    REGISTRATION_DISPLACED = "registration.displaced"
    REGISTRATION_BROWSER = "registration.browser"
    AUTH_FAILED = "auth.failed"
    AUTH_STALE_PASSWORD = "auth.stale_password"
    WATCH_SAVED = "watch.saved"
    CALLING_ASKED = "calling.asked"
    TEXT_SENT = "text.sent"
    CALL_STARTED = "call.started"
    CALL_FORWARDED = "call.forwarded"
    CALL_REROUTED = "call.rerouted"
    CALL_MEDIA_NAMED = "call.media_named"
    CALL_ANSWERED = "call.answered"
    CALL_CONFIRMED = "call.confirmed"
    CALL_ENDED = "call.ended"
    CALL_REFUSED = "call.refused"
    CALL_EMERGENCY = "call.emergency"
    BUDGET_WARNED = "budget.warned"
    OUTSIDE_SUSPENDED = "outside.suspended"
    OUTSIDE_RESUMED = "outside.resumed"
    REQUEST_REFUSED = "request.refused"
    ENGINE_STARTED = "engine.started"
    ENGINE_EXCEPTION = "engine.exception"
    TRUNK_CHANGED = "trunk.changed"
    TRUNK_SEEN = "trunk.seen"
    POLICY_BROKEN = "policy.broken"
    BAN_ADDED = "ban.added"
    BAN_LIFTED = "ban.lifted"
    BAN_EXPIRED = "ban.expired"
    BAN_SPARED = "ban.spared"
    ALARM_RAISED = "alarm.raised"
    ALARM_CLEARED = "alarm.cleared"
    SETTINGS_CHANGED = "settings.changed"
    AUDIT_RECORDED = "audit.recorded"


URGENT: Final = frozenset(
    {
        Kind.AUTH_FAILED,
        Kind.WATCH_SAVED,
        Kind.CALLING_ASKED,
        Kind.CALL_STARTED,
        Kind.CALL_FORWARDED,
        Kind.CALL_REROUTED,
        Kind.CALL_MEDIA_NAMED,
        Kind.CALL_ANSWERED,
        Kind.CALL_ENDED,
        Kind.CALL_REFUSED,
        Kind.CALL_EMERGENCY,
        Kind.ENGINE_EXCEPTION,
        Kind.POLICY_BROKEN,
        Kind.TRUNK_CHANGED,
    }
)
"""Kinds for which a worker rings the guard's doorbell; the guard finds all others within 200 ms."""

PATIENT: Final = frozenset({Kind.CALL_STARTED, Kind.CALL_ANSWERED, Kind.CALL_ENDED})
"""Of these, the ones for which nobody rings while the guard has promised to look within 20 ms: when many calls come and
go, being woken for each costs more than what it does about them. A call to the outside rings all the same when it
starts: the fuse judges it.
"""

FROM_AUDIT: Final = frozenset({Kind.SETTINGS_CHANGED, Kind.AUDIT_RECORDED})
"""Kinds that are read from the audit log; all others come from the guard's ledger."""
