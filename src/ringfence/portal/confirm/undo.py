"""How a change is undone: for each audit action the step back, taken only where nobody changed it again since."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from ringfence.policy.addresses import parse_network
from ringfence.policy.book import MatchKind, Target
from ringfence.portal.actor import Actor
from ringfence.portal.security import changes
from ringfence.portal.security.models import AddressEntry, BlockedUserAgent, SecurityValues
from ringfence.portal.webaccess import changes as webaccess

type Values = Mapping[str, Mapping[str, Any]]
type Step = Callable[[Actor, str, Values], bool]
"""Takes the actor, the object's id and the audit entry's changes; whether something was undone."""


def undo(actor: Actor, entry: Mapping[str, Any]) -> bool:
    """Takes back one audit entry. False if the object looks different by now and was left alone. Raises Refused."""
    return UNDO[entry["action"]](actor, entry["object_id"], entry["changes"])


def places(entry: Mapping[str, Any]) -> frozenset[str]:
    """What it touched: of settings each field, else the prefix, the pattern or the list."""
    kind = str(entry["action"]).partition(".")[0]
    if kind == "security":
        return frozenset(f"{kind} {name}" for name in entry["changes"])
    label = str(entry["object_label"])
    return frozenset({f"{kind} {label.rpartition(' ')[2] if kind == 'ip_filter' else label.lower()}"})


def _settings(actor: Actor, _: str, values: Values) -> bool:
    current = SecurityValues.current()
    back = {name: value["old"] for name, value in values.items() if getattr(current, name, None) == value["new"]}
    if back:
        changes.change_settings(actor, back)
    return len(back) == len(values)


def _entry_created(actor: Actor, object_id: str, values: Values) -> bool:
    entry = AddressEntry.objects.filter(pk=int(object_id)).first()
    if entry is None or not _equals(changes.entry_facts(entry), values):
        return False
    changes.remove_entry(actor, entry)
    return True


def _entry_deleted(actor: Actor, _: str, values: Values) -> bool:
    cidr, ends = values["cidr"]["old"], _old(values, "expires_at")
    expires_at = datetime.fromisoformat(ends) if ends else None
    if AddressEntry.objects.filter(cidr=cidr).exists() or (expires_at is not None and expires_at <= timezone.now()):
        return False
    target = Target(values["target"]["old"])
    changes.add_entry(actor, parse_network(cidr), target, expires_at, _old(values, "description") or "")
    return True


def _entry_changed(actor: Actor, object_id: str, values: Values) -> bool:
    entry = AddressEntry.objects.filter(pk=int(object_id)).first()
    if entry is None or not _equals(changes.entry_facts(entry), values):
        return False
    before = {**changes.entry_facts(entry), **{name: value["old"] for name, value in values.items()}}
    ends = before["expires_at"]
    expires_at = datetime.fromisoformat(ends) if ends else None
    changes.change_entry(actor, entry, Target(before["target"]), expires_at, before["description"])
    return True


def _agent_blocked(actor: Actor, object_id: str, _: Values) -> bool:
    row = BlockedUserAgent.objects.filter(pk=int(object_id)).first()
    if row is None:
        return False
    changes.unblock_user_agent(actor, row)
    return True


def _agent_unblocked(actor: Actor, _: str, values: Values) -> bool:
    pattern, match = values["pattern"]["old"], MatchKind(values["match"]["old"])
    if BlockedUserAgent.objects.filter(pattern__iexact=pattern, match=match.value).exists():
        return False
    changes.block_user_agent(actor, pattern, match, _old(values, "description") or "")
    return True


def _networks(actor: Actor, _: str, values: Values) -> bool:
    if webaccess.networks() != values["networks"]["new"]:
        return False
    webaccess.admit_administrators(actor, list(values["networks"]["old"]))
    return True


def _equals(facts: Mapping[str, Any], values: Values) -> bool:
    return all(facts.get(name) == value["new"] for name, value in values.items())


def _old(values: Values, name: str) -> Any:
    """An audit entry leaves out what was empty before and after."""
    return values[name]["old"] if name in values else None


UNDO: Final[Mapping[str, Step]] = {
    "security.settings_changed": _settings,
    "ip_filter.created": _entry_created,
    "ip_filter.deleted": _entry_deleted,
    "ip_filter.changed": _entry_changed,
    "user_agent.blocked": _agent_blocked,
    "user_agent.unblocked": _agent_unblocked,
    "web_access.administrator_networks": _networks,
}
"""Everything that can be saved with `confirm_within`, by its audit action."""
