"""What a notice can be about, and which events it is made of. One table; pages and REST are generated from it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ringfence.policy.events import Kind
from ringfence.policy.outgoing.spend import Measure
from ringfence.portal.recorded import titled
from ringfence.portal.spending.currency import amount, currency


class Topic(StrEnum):
    """What one can be told of."""

    BANS = "bans"
    BAN_STORMS = "ban-storms"
    ALARMS = "alarms"
    EMERGENCY_CALLS = "emergency-calls"
    BUDGETS = "budgets"
    SIGN_IN_FAILURES = "sign-in-failures"
    SETTING_CHANGES = "setting-changes"
    PROVISIONING = "provisioning"
    ALL = "all-security-events"


@dataclass(frozen=True, slots=True)
class Telling:
    """What a topic means, in a sentence for the page."""

    title: str
    meaning: str


TOPICS: Final = {
    Topic.BANS: Telling("Bans", "Each address that is blocked or freed by hand."),
    Topic.BAN_STORMS: Telling("Ban storms", "Many bans within a minute; told once until it is calm for ten minutes."),
    Topic.ALARMS: Telling("Alarms", "A standing trouble begins or ends: the firewall, the journal, the policy."),
    Topic.EMERGENCY_CALLS: Telling("Emergency calls", "Somebody called an emergency number: who, and from where."),
    Topic.BUDGETS: Telling("Budgets", "A budget of calls outside is nearly or wholly used up, or was renewed by hand."),
    Topic.SIGN_IN_FAILURES: Telling("Failed sign-ins", "A wrong password or factor for an administrator's account."),
    Topic.SETTING_CHANGES: Telling("Changes of settings", "Somebody changed security settings, entries or rules."),
    Topic.PROVISIONING: Telling(
        "Provisioning",
        "Somebody has a phone's secret address and came late, twice, from elsewhere or as another phone.",
    ),
    Topic.ALL: Telling("All security events", "Everything above and what was spared, refused or ended: for a SIEM."),
}

LEDGER_KINDS: Final = (
    Kind.BAN_ADDED,
    Kind.BAN_LIFTED,
    Kind.BAN_EXPIRED,
    Kind.BAN_SPARED,
    Kind.BUDGET_WARNED,
    Kind.OUTSIDE_SUSPENDED,
    Kind.OUTSIDE_RESUMED,
    Kind.ALARM_RAISED,
    Kind.ALARM_CLEARED,
    Kind.REGISTRATION_DISPLACED,
    Kind.REQUEST_REFUSED,
    Kind.ENGINE_EXCEPTION,
    Kind.POLICY_BROKEN,
    Kind.CALL_EMERGENCY,
)
OF_KIND: Final = {
    Kind.BAN_ADDED: Topic.BANS,
    Kind.BAN_LIFTED: Topic.BANS,
    Kind.BUDGET_WARNED: Topic.BUDGETS,
    Kind.OUTSIDE_SUSPENDED: Topic.BUDGETS,
    Kind.OUTSIDE_RESUMED: Topic.BUDGETS,
    Kind.ALARM_RAISED: Topic.ALARMS,
    Kind.ALARM_CLEARED: Topic.ALARMS,
    Kind.SETTINGS_CHANGED: Topic.SETTING_CHANGES,
    Kind.CALL_EMERGENCY: Topic.EMERGENCY_CALLS,
}
OF_ACTION: Final = {"phone.refused": Topic.PROVISIONING, "certificate.order_failed": Topic.ALARMS}
"""Entries of the audit log that are a topic of their own."""

REFUSED_SIGN_INS: Final = ("session.refused", "session.proof_refused")
STORM: Final = "ban.storm"


def summary(kind: str, event: dict[str, Any]) -> str:
    """The event in one sentence."""
    say = _SENTENCES.get(kind)
    return say(event) if say else f"{kind}: {_text(event, 'rule') or _text(event, 'action')}".rstrip(": ")


def _text(event: dict[str, Any], name: str) -> str:
    return str(event.get(name) or "")


def _measure(event: dict[str, Any]) -> str:
    return titled(_text(event, "measure"))


def _much(event: dict[str, Any], name: str) -> str:
    """How much of the measure; money with its currency, in plain characters for subjects and logs."""
    value = event.get(name)
    if event.get("measure") == Measure.MONEY and value is not None:
        return amount(value, currency()).replace("\u00a0", " ")
    return "-" if value is None else str(value)


_SENTENCES: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    Kind.BAN_ADDED: lambda event: f"{_text(event, 'address')} is blocked: {_text(event, 'reason')}",
    Kind.BAN_LIFTED: lambda event: (
        f"The ban of {_text(event, 'address')} was lifted by {_text(event, 'by') or 'nobody'}"
    ),
    Kind.BAN_EXPIRED: lambda event: f"The ban of {_text(event, 'address')} is over",
    Kind.BAN_SPARED: lambda event: f"{_text(event, 'address')} was not blocked: {_text(event, 'why')}",
    Kind.BUDGET_WARNED: lambda event: (
        f"{_text(event, 'owner')} has used {_much(event, 'used')} of {_much(event, 'limit')} ({_measure(event)})"
    ),
    Kind.OUTSIDE_SUSPENDED: lambda event: (
        f"Outside calls of {_text(event, 'owner')} are suspended: {_measure(event)},"
        f" {_much(event, 'used')} of {_much(event, 'limit')}; the running ones were ended"
    ),
    Kind.OUTSIDE_RESUMED: lambda event: (
        f"{_text(event, 'owner')} may call outside again, by {_text(event, 'by') or 'nobody'}"
    ),
    Kind.ALARM_RAISED: lambda event: f"Alarm: {_text(event, 'message')}",
    Kind.ALARM_CLEARED: lambda event: f"The alarm is over: {_text(event, 'message')}",
    Kind.CALL_EMERGENCY: lambda event: (
        f"Emergency call to {_text(event, 'number')} by {_text(event, 'name')} ({_text(event, 'caller')}) "
        f"from {_text(event, 'source')}"
    ),
    Kind.REQUEST_REFUSED: lambda event: f"{event.get('count', 1)} requests refused by {_text(event, 'rule')}",
    STORM: lambda event: f"{event.get('count')} addresses were blocked within a minute",
    Kind.SETTINGS_CHANGED: lambda event: (
        f"{_text(event, 'actor')}: {_text(event, 'action')} {_text(event, 'object_label')}".rstrip()
    ),
    Kind.AUDIT_RECORDED: lambda event: (
        f"{_text(event, 'action')} {_text(event, 'object_label')} from {_text(event, 'address') or 'this system'}"
    ),
}
