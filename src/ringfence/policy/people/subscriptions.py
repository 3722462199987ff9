"""Who may hear of what: the topics of the event socket, the events of each, and what of an event a tenant sees.

The table is also the source of docs/wsi.asyncapi.json.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ringfence.policy.events import FROM_AUDIT, Kind


class Topic(StrEnum):
    """What one subscribes to."""

    REGISTRATIONS = "registrations"
    CALLS = "calls"
    BANS = "bans"
    BUDGETS = "budgets"
    ALARMS = "alarms"
    TRUNKS = "trunks"
    SETTINGS = "settings"
    AUDIT = "audit"


class Audience(StrEnum):
    """Who hears of a kind besides those above the tenants."""

    SYSTEM = "system"
    TENANT = "tenant"
    CONCERNED = "concerned"


@dataclass(frozen=True, slots=True)
class Telling:
    """How a kind is told: its topics, to whom, and the fields that leave the house."""

    topics: tuple[Topic, ...]
    audience: Audience
    summary: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listener:
    """Whose rights a subscription has. Who stands above the tenants hears of all of them."""

    hears_all: bool
    tenant_id: int | None
    domain: str


_PARTIES: Final = ("call_id", "caller", "callee", "tenant_id")
_REGISTRATION: Final = ("aor", "source", "transport", "user_agent", "display_name", "tenant_id", "user_id")
_BUDGET: Final = ("owner", "tenant_id", "measure")
_AUDIT: Final = ("audit_id", "actor", "address", "action", "object_id", "object_label", "tenant_id", "changes")

TELLINGS: Final[Mapping[Kind, Telling]] = {
    Kind.REGISTRATION_SAVED: Telling(
        (Topic.REGISTRATIONS,), Audience.TENANT, "An extension that had no device registered one.", _REGISTRATION
    ),
    Kind.REGISTRATION_REMOVED: Telling(
        (Topic.REGISTRATIONS,), Audience.TENANT, "The last device of an extension is gone.", (*_REGISTRATION, "why")
    ),
    Kind.REGISTRATION_DISPLACED: Telling(
        (Topic.REGISTRATIONS,),
        Audience.TENANT,
        "An extension had as many devices as it may have; the one at `displaced` gave way to a new one at `source`.",
        (*_REGISTRATION, "contact", "displaced", "displaced_user_agent"),
    ),
    Kind.CALL_STARTED: Telling(
        (Topic.CALLS,), Audience.TENANT, "A call is being set up.", (*_PARTIES, "dialled", "source", "transport")
    ),
    Kind.CALL_FORWARDED: Telling(
        (Topic.CALLS,),
        Audience.TENANT,
        "An extension did not take a call itself: it goes on to `callee`, or rings all of `rung`.",
        (*_PARTIES, "by", "rung"),
    ),
    Kind.CALL_ANSWERED: Telling(
        (Topic.CALLS,), Audience.TENANT, "The called side answered.", (*_PARTIES, "answered_at")
    ),
    Kind.CALL_ENDED: Telling(
        (Topic.CALLS,),
        Audience.TENANT,
        "A call ended.",
        (*_PARTIES, "dialled", "started_at", "answered_at", "ended_at", "code", "reason", "ended_by"),
    ),
    Kind.CALL_REFUSED: Telling(
        (Topic.CALLS,),
        Audience.TENANT,
        "A call was refused by a rule.",
        (*_PARTIES, "dialled", "rule", "code", "reason", "source"),
    ),
    Kind.CALL_EMERGENCY: Telling(
        (Topic.CALLS,),
        Audience.TENANT,
        "An emergency number was called; the call is on its way.",
        ("caller", "name", "number", "source"),
    ),
    Kind.BUDGET_WARNED: Telling(
        (Topic.BUDGETS,), Audience.TENANT, "Somebody has used most of a budget.", (*_BUDGET, "used", "limit")
    ),
    Kind.OUTSIDE_SUSPENDED: Telling(
        (Topic.BUDGETS,),
        Audience.TENANT,
        "A budget is used up: the running calls outside are ended, new ones refused.",
        (*_BUDGET, "used", "limit", "by"),
    ),
    Kind.OUTSIDE_RESUMED: Telling(
        (Topic.BUDGETS,), Audience.TENANT, "Somebody may call outside again.", ("owner", "tenant_id", "by")
    ),
    Kind.BAN_ADDED: Telling(
        (Topic.BANS,),
        Audience.CONCERNED,
        "A source is banned.",
        ("address", "scope", "rule", "reason", "by", "since", "until", "evidence"),
    ),
    Kind.BAN_LIFTED: Telling(
        (Topic.BANS,), Audience.CONCERNED, "A ban was lifted.", ("address", "scope", "rule", "by", "why", "accounts")
    ),
    Kind.BAN_EXPIRED: Telling(
        (Topic.BANS,), Audience.CONCERNED, "A ban ran out.", ("address", "scope", "rule", "accounts")
    ),
    Kind.BAN_SPARED: Telling(
        (Topic.BANS,),
        Audience.CONCERNED,
        "A source over the limit is not banned, and why.",
        ("address", "why", "protects", "evidence"),
    ),
    Kind.ALARM_RAISED: Telling(
        (Topic.ALARMS,), Audience.SYSTEM, "A condition an administrator must know of.", ("alarm", "message")
    ),
    Kind.ALARM_CLEARED: Telling((Topic.ALARMS,), Audience.SYSTEM, "The condition is over.", ("alarm", "message")),
    Kind.ENGINE_EXCEPTION: Telling(
        (Topic.ALARMS,), Audience.SYSTEM, "The routing code failed; the message was refused.", ("where", "error")
    ),
    Kind.POLICY_BROKEN: Telling(
        (Topic.ALARMS,), Audience.SYSTEM, "A worker cannot read the policy; the old one stays.", ("error",)
    ),
    Kind.TRUNK_CHANGED: Telling(
        (Topic.TRUNKS,),
        Audience.SYSTEM,
        "An address of a trunk went up or down, or its registration was accepted or refused.",
        ("trunk_id", "address", "state", "registration", "latency_ms", "detail"),
    ),
    Kind.SETTINGS_CHANGED: Telling(
        (Topic.SETTINGS, Topic.AUDIT), Audience.TENANT, "Somebody changed a setting or a list.", _AUDIT
    ),
    Kind.AUDIT_RECORDED: Telling((Topic.AUDIT,), Audience.TENANT, "Any other entry of the audit log.", _AUDIT),
}

UNTOLD: Final = frozenset(
    {
        Kind.AUTH_FAILED,
        Kind.AUTH_STALE_PASSWORD,
        Kind.CALL_CONFIRMED,
        Kind.CALL_REROUTED,
        Kind.CALL_MEDIA_NAMED,
        Kind.WATCH_SAVED,
        Kind.TEXT_SENT,
        Kind.CALLING_ASKED,
        Kind.REGISTRATION_RENEWED,
        Kind.REGISTRATION_BROWSER,
        Kind.REQUEST_REFUSED,
        Kind.ENGINE_STARTED,
        Kind.TRUNK_SEEN,
    }
)
"""Kinds that never leave the house by the event socket: too many, or only of use to the guard."""

SETTINGS_ACTIONS: Final = (
    "security.",
    "ip_filter.",
    "protected_address.",
    "user_agent.",
    "firewall.",
    "ssh.",
    "public_address.",
    "voice_network.",
    "transport.",
    "sbc.",
    "acme.",
    "certificate.changed",
    "certificate.deleted",
    "phone_authority.",
    "provisioning.",
    "role.",
    "password_policy.",
    "web_access.",
    "confirm.",
    "retention.",
    "notices.",
    "tenant.",
    "trunk.",
    "number_plan.",
    "number_pool.",
    "inbound_rule.",
    "blocked_caller.",
    "outbound_rule.",
    "allowed_country.",
    "disallowed_code.",
    "emergency_number.",
    "office_hours.",
    "budget.",
    "rate.",
    "currency.",
    "recordings.settings",
    "backup.passphrase_set",
    "backup.planned",
)
"""The audit actions that change a setting or a list begin so."""


def ledger_kinds() -> tuple[Kind, ...]:
    """What the event socket asks the guard for."""
    return tuple(kind for kind in TELLINGS if kind not in FROM_AUDIT)


def audit_kind(action: str) -> Kind:
    return Kind.SETTINGS_CHANGED if action.startswith(SETTINGS_ACTIONS) else Kind.AUDIT_RECORDED


def told(kind: str, event: Mapping[str, Any], listener: Listener, topics: Iterable[Topic]) -> dict[str, Any] | None:
    """What this listener hears of an event; None if it is none of its business.

    A tenant hears of a ban if one of its own accounts was tried from there, and then of these accounts alone.
    """
    telling = TELLINGS[Kind(kind)] if kind in TELLINGS else None
    if telling is None or not set(telling.topics) & set(topics):
        return None
    shown = {name: event[name] for name in telling.fields if name in event}
    if listener.hears_all:
        return shown
    match telling.audience:
        case Audience.SYSTEM:
            return None
        case Audience.TENANT:
            is_own = listener.tenant_id is not None and event.get("tenant_id") == listener.tenant_id
            return shown if is_own else None
        case Audience.CONCERNED:
            return _concerning(shown, listener.domain)


def _concerning(shown: dict[str, Any], domain: str) -> dict[str, Any] | None:
    """A ban with what concerns one domain: its accounts, and nothing that names anybody else."""
    evidence = shown.get("evidence")
    tried = evidence.get("accounts", ()) if isinstance(evidence, Mapping) else shown.get("accounts", ())
    accounts = [account for account in tried if domain and str(account).endswith(f"@{domain}")]
    if not accounts:
        return None
    kept: dict[str, Any] = {
        name: shown[name] for name in ("address", "scope", "rule", "since", "until") if name in shown
    }
    return {**kept, "accounts": accounts}
