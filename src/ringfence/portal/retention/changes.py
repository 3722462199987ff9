"""What can be done to retention, and all of it in one list."""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from ringfence.engines.supervision.logfiles import BOUNDS, LOGROTATE
from ringfence.policy.events import LEDGER_EVENTS
from ringfence.policy.settings import Problem
from ringfence.portal.access import require, require_any
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.retention import work
from ringfence.portal.retention.models import KeptData
from ringfence.portal.security.models import SecurityValues

LIMITS: Final = {
    "log_megabytes": BOUNDS["megabytes"],
    "log_files": BOUNDS["files"],
    "log_days": BOUNDS["days"],
    "call_record_days": (0, 36_500),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of data, how long it is kept, and where that is set."""

    what: str
    how_long: str
    where: str


def current(actor: Actor) -> dict[str, int]:
    require_any(actor, Permission.SYSTEM_READ, Permission.WEB_WRITE)
    return {**_values(KeptData.current()), "audit_days": SecurityValues.current().web_audit_retention}


def change_retention(actor: Actor, values: dict[str, int]) -> dict[str, int]:
    """Values that are not named stay. Logs follow within a second, call records within an hour. Raises Refused."""
    require(actor, Permission.WEB_WRITE)
    with change(actor) as draft:
        row = KeptData.current()
        old = _values(row)
        new = old | values
        if problems := list(_problems(new)):
            raise Refused(problems)
        for name, value in new.items():
            setattr(row, name, value)
        row.save()
        draft.record("retention.changed", "", "Kept data", old, new)
    work.write_log_rules()
    return current(actor)


def listed(actor: Actor) -> list[Kept]:
    """Everything that grows, for the page."""
    now = current(actor)
    here, days = _("on this page"), _("%(days)s days")
    records = days % {"days": now["call_record_days"]} if now["call_record_days"] else _("for ever")
    logs = _("%(files)s older files of %(size)s MiB for each part, %(days)s days")
    told = {"files": now["log_files"], "size": now["log_megabytes"], "days": now["log_days"]}
    return [
        Kept(_("Logs"), _("by logrotate") if LOGROTATE.exists() else logs % told, here),
        Kept(_("Call records"), records, here),
        Kept(_("Audit log"), days % {"days": now["audit_days"]}, _("Security, Web Login")),
        Kept(_("Events of the guard"), _("the newest %(count)s") % {"count": LEDGER_EVENTS}, _("fixed")),
        Kept(_("Recordings"), _("by tenant"), _("Recordings, Settings")),
        Kept(_("Messages"), _("by tenant"), _("Voicemail, Settings")),
        Kept(_("Backups"), _("by number"), _("Backups")),
    ]


def _values(row: KeptData) -> dict[str, int]:
    return {name: getattr(row, name) for name in LIMITS}


def _problems(values: dict[str, int]) -> Any:
    for name, (lowest, highest) in LIMITS.items():
        if not lowest <= values[name] <= highest:
            yield Problem(name, "retention.range", f"This is {lowest} to {highest}.")
