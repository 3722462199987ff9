"""Recordings on their way in: allowed, begun, and taken from the spool (attack case 82: the quota ends no call)."""

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Sum
from django.utils import timezone

from ringfence.audio.g711 import RATE
from ringfence.portal import audio, guard
from ringfence.portal.people.models import Extension
from ringfence.portal.recordings.models import Recording, RecordingSettings
from ringfence.portal.tenants.models import Tenant

log = logging.getLogger(__name__)

CHANNELS: Final = 2
LONGEST: Final = timedelta(hours=6)
"""After that a recording that nobody finished is none: every call ends before."""

TROUBLE: Final = "recordings.trouble"
ALARM: Final = "recordings.alarm"
_UID: Final = re.compile(r"[0-9a-f]{32}")

type Note = dict[str, Any]


class NotAllowed(Exception):
    """Why there may be no recording, for the log of the voice process."""


def begin(uid: str, note: Note) -> str:
    """Writes a recording down that begins now; the name of the announcement of its tenant's own, "" for none.

    Raises NotAllowed, which raises an alarm too, KeyError, ValueError or TypeError.
    """
    tenant = Tenant.objects.filter(pk=int(note["tenant_id"])).first()
    if tenant is None or not _UID.fullmatch(uid):
        raise NotAllowed("tenant")
    settings = RecordingSettings.of(tenant.pk)
    alarm = f"recordings.quota.{tenant.pk}"
    if used_seconds(tenant.pk) >= 3600 * settings.quota_hours:
        room = f"{settings.quota_hours} hours"
        message = f"The recordings of {tenant.name} fill their room of {room}: nothing more is recorded."
        guard.tell(ALARM, alarm=alarm, message=message)
        raise NotAllowed("quota")
    guard.tell(ALARM, alarm=alarm, message="")
    guard.tell(ALARM, alarm=TROUBLE, message="")
    Recording.objects.get_or_create(uid=uid, defaults={**_columns(note, tenant), "running": True})
    return announcement_name(tenant.pk) if settings.has_announcement else ""


def take(uid: str, note: Note, size: int, whole: bool) -> None:
    """A finished recording from the spool, whose audio is fetched already."""
    tenant = Tenant.objects.filter(pk=int(note["tenant_id"])).first()
    if tenant is None or not size:
        audio.delete_files([uid])
        Recording.objects.filter(uid=uid).delete()
        return
    seconds = round(size / (RATE * CHANNELS), 1)
    columns = {**_columns(note, tenant), "seconds": seconds, "size": size, "whole": whole, "running": False}
    Recording.objects.update_or_create(uid=uid, defaults=columns)


def forget(uid: str) -> None:
    """One that came to nothing: nobody said anything."""
    Recording.objects.filter(uid=uid, running=True).delete()


def trouble(tenant_id: int, call: str, why: str) -> None:
    """A call that should be recorded is not."""
    log.error("call %s of tenant %s is not recorded: %s", call, tenant_id, why)
    message = f"A call is not recorded: {why}"
    guard.tell(ALARM, alarm=TROUBLE, message=message[:500])


def forget_lost() -> int:
    """Recordings that began and never came; how many."""
    return Recording.objects.filter(running=True, started_at__lt=timezone.now() - LONGEST).delete()[0]


def used_seconds(tenant_id: int) -> float:
    return Recording.objects.filter(tenant_id=tenant_id).aggregate(used=Sum("seconds"))["used"] or 0.0


def announcement_name(tenant_id: int) -> str:
    return f"recording-{tenant_id}"


def _columns(note: Note, tenant: Tenant) -> dict[str, Any]:
    caller, callee = _text(note, "caller"), _text(note, "callee")
    return {
        "tenant": tenant,
        "call_id": _text(note, "call"),
        "caller": caller,
        "callee": callee,
        "caller_extension": _extension(caller, tenant),
        "callee_extension": _extension(callee, tenant),
        "direction": _text(note, "direction")[:16],
        "why": _text(note, "why")[:16],
        "by": _text(note, "by"),
        "announced": bool(note["announced"]),
        "started_at": datetime.fromtimestamp(float(note["started_at"]), UTC),
    }


def _extension(aor: str, tenant: Tenant) -> Extension | None:
    number, _, domain = aor.partition("@")
    return Extension.objects.filter(tenant=tenant, number=number).first() if domain == tenant.domain else None


def _text(note: Note, name: str) -> str:
    return str(note.get(name) or "").replace("\0", "")[:255]
