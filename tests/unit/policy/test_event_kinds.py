"""The table of event kinds: for each the place that raises it, and for each entry of the audit log which kind it is
told as (issue 3, point 8).
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ringfence.policy.events import FROM_AUDIT, Kind
from ringfence.policy.people.subscriptions import audit_kind

pytestmark = pytest.mark.unit

SOURCES: Final = Path(__file__).parents[3] / "src" / "ringfence"
RAISED_BY: Final = {
    Kind.REGISTRATION_SAVED: "signaling/registration/registrations.py _journal",
    Kind.REGISTRATION_RENEWED: "signaling/prompter.py _drain",
    Kind.REGISTRATION_REMOVED: "signaling/registration/registrations.py _journal",
    Kind.REGISTRATION_DISPLACED: "signaling/registration/devices.py _made_room",
    Kind.REGISTRATION_BROWSER: "signaling/registration/registrations.py _tell_browser",
    Kind.AUTH_FAILED: "signaling/registration/authentication.py not_proved",
    Kind.AUTH_STALE_PASSWORD: "signaling/registration/authentication.py not_proved",
    Kind.WATCH_SAVED: "signaling/features/watching.py accept",
    Kind.CALLING_ASKED: "signaling/features/setting.py ask_setting",
    Kind.TEXT_SENT: "signaling/features/texting.py carry",
    Kind.CALL_STARTED: "signaling/calling/calls.py _journal_start",
    Kind.CALL_FORWARDED: "signaling/calling/ringing.py note_step",
    Kind.CALL_REROUTED: "signaling/trunking/outward.py _note",
    Kind.CALL_MEDIA_NAMED: "signaling/relay/named.py tell",
    Kind.CALL_ANSWERED: "signaling/calling/calls.py dialog_event",
    Kind.CALL_CONFIRMED: "signaling/calling/calls.py carry_in_dialog",
    Kind.CALL_ENDED: "signaling/calling/calls.py dialog_event",
    Kind.CALL_REFUSED: "signaling/calling/calls.py _journal_refusal",
    Kind.CALL_EMERGENCY: "signaling/calling/emergency.py tell",
    Kind.BUDGET_WARNED: "guard/money/fuse.py _warn",
    Kind.OUTSIDE_SUSPENDED: "guard/money/fuse.py _note",
    Kind.OUTSIDE_RESUMED: "guard/money/fuse.py lift",
    Kind.REQUEST_REFUSED: "signaling/worker.py _write_noise",
    Kind.ENGINE_STARTED: "signaling/worker.py this_worker",
    Kind.ENGINE_EXCEPTION: "signaling/worker.py exception",
    Kind.TRUNK_CHANGED: "signaling/trunking/keeping.py _registered",
    Kind.TRUNK_SEEN: "signaling/trunking/keeping.py _heard",
    Kind.POLICY_BROKEN: "signaling/worker.py policy_broken",
    Kind.BAN_ADDED: "guard/offenders/bans.py add",
    Kind.BAN_LIFTED: "guard/offenders/bans.py lift",
    Kind.BAN_EXPIRED: "guard/offenders/bans.py _note_expired",
    Kind.BAN_SPARED: "guard/offenders/rulings.py _spare",
    Kind.ALARM_RAISED: "guard/health/alarms.py set_off",
    Kind.ALARM_CLEARED: "guard/health/alarms.py clear",
    Kind.SETTINGS_CHANGED: "policy/people/subscriptions.py audit_kind",
    Kind.AUDIT_RECORDED: "policy/people/subscriptions.py audit_kind",
}
CHOOSES: Final = (ast.Call, ast.IfExp)
"""A kind that is raised is an argument, or chosen between two; one that is compared is heard."""

OF_PEOPLE_AND_DATA: Final = {
    "access", "announcement", "audit", "backup", "ban", "call", "call_records", "certificate", "doctor", "group",
    "operator", "phone", "phone_certificate", "phone_credential", "recording", "recordings", "ring_group",
    "second_factor", "session", "suspension", "system", "time_condition", "token", "user", "voicemail",
}  # fmt: skip
"""What the entries of the audit log that change no setting are about."""

SETTINGS_AMONG_THEM: Final = {
    "backup.passphrase_set",
    "backup.planned",
    "certificate.changed",
    "certificate.deleted",
    "recordings.settings",
}


def test_every_kind_is_raised_by_somebody() -> None:
    """Two stood in the table, and in what is told of, that nobody raised."""
    assert set(RAISED_BY) == set(Kind)
    missing = [kind for kind, place in RAISED_BY.items() if kind.name not in raised_in(*place.split())]
    assert missing == []


def raised_in(file: str, function: str) -> set[str]:
    tree = ast.parse((SOURCES / file).read_text())
    named = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function)
    choosing = (node for one in named for node in ast.walk(one) if isinstance(node, CHOOSES))
    return {child.attr for node in choosing for child in ast.iter_child_nodes(node) if is_kind(child)}


def is_kind(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Kind"


def test_every_entry_of_the_audit_log_that_changes_a_setting_is_told_as_one() -> None:
    """Whoever adds an action says here if it changes no setting. Transports, certificates, budgets, countries, the
    SBC and what a tenant requires of its phones once changed without anybody hearing of it who asked for changes of
    settings.
    """
    found = set(recorded())
    assert {"transport.created", "certificate.changed", "allowed_country.created", "sbc.changed"} <= found
    told = {action for action in found if audit_kind(action) is Kind.SETTINGS_CHANGED}
    rest = {action for action in found if action.partition(".")[0] in OF_PEOPLE_AND_DATA} - SETTINGS_AMONG_THEM
    assert found - told == rest
    assert set(FROM_AUDIT) == {Kind.SETTINGS_CHANGED, Kind.AUDIT_RECORDED}


OUTBOUND: Final = ("allowed_country", "disallowed_code", "emergency_number", "office_hours", "outbound_rule")


def recorded() -> Iterator[str]:
    """The actions that portal and command line write into the audit log."""
    for folder in ("portal", "cli"):
        for path in (SOURCES / folder).rglob("*.py"):
            yield from actions(path)
    yield from (f"{kind}.created" for kind in OUTBOUND)


def actions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and re.search(r"(^|\.)(record|append|note|_put)$", ast.unparse(node.func)):
            plain = [arg for arg in node.args[:2] if isinstance(arg, ast.Constant | ast.IfExp)]
            texts = [part.value for arg in plain for part in ast.walk(arg) if isinstance(part, ast.Constant)]
            yield from (text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", text))
