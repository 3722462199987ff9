"""What can be done to recordings, and what a tenant or an extension wants recorded."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from ringfence.audio.wav import WavRefused, ulaw_from_wav
from ringfence.policy.calls.recording import Direction
from ringfence.policy.settings import Problem
from ringfence.portal import audio, places
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.audit.chain import append
from ringfence.portal.calls import live
from ringfence.portal.change import change
from ringfence.portal.people.escalation import stand_above
from ringfence.portal.people.models import Extension, Person
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, NotFound, Refused, Unavailable, refuse
from ringfence.portal.recordings.intake import announcement_name
from ringfence.portal.recordings.models import Recording, RecordingSettings
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.voicemail.waiting import tell_voice

LIMITS: Final = {"quota_hours": (0, 100_000), "retention_days": (1, 3650)}
SWITCHES: Final = ("announced", "on_demand")
ANNOUNCEMENT_SECONDS: Final = 7
"""So much goes to the media relay in one datagram."""

AT_ONCE: Final = 1000


class VoiceAway(Unavailable):
    error_id = "recordings.voice_away"
    title = "The voice process does not answer"


def change_settings(actor: Actor, tenant: Tenant, **wish: Any) -> RecordingSettings:
    """Changes what is given (not None); in force for the next call. Raises Refused, which names value and rule."""
    require(actor, Permission.RECORDINGS_WRITE)
    row = RecordingSettings.of(tenant.pk)
    given = {name: value for name, value in wish.items() if value is not None}
    if problems := _problems(given):
        raise Refused(problems)
    with change(actor) as draft:
        old = settings_facts(row)
        for name, value in given.items():
            setattr(row, name, _ordered(value) if name == "directions" else value)
        row.save()
        draft.record("recordings.settings", tenant.pk, tenant.domain, old, settings_facts(row), tenant.pk)
        draft.rules()
    return row


def _problems(given: dict[str, Any]) -> list[Problem]:
    found = [_outside_limits(name, given[name]) for name in LIMITS if name in given]
    found.append(_unknown_direction(given.get("directions") or ()))
    return [problem for problem in found if problem]


def _outside_limits(name: str, value: int) -> Problem | None:
    low, high = LIMITS[name]
    if low <= value <= high:
        return None
    return Problem(name, f"recordings.{name}", f"{value} is not between {low} and {high}.")


def _unknown_direction(names: Any) -> Problem | None:
    unknown = [name for name in names if name not in tuple(Direction)]
    if not unknown:
        return None
    known = ", ".join(Direction)
    return Problem("directions", "recordings.directions", f"{unknown[0]!r} is no direction; there are {known}.")


def _ordered(names: Any) -> list[str]:
    return [direction.value for direction in Direction if direction.value in names]


def settings_facts(row: RecordingSettings) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("directions", *SWITCHES, "has_announcement", *LIMITS)}


def keep_announcement(actor: Actor, tenant: Tenant, wav: bytes) -> RecordingSettings:
    """What both sides hear when a recording begins; without a file the standard sound again. Raises Refused."""
    require(actor, Permission.RECORDINGS_WRITE)
    try:
        ulaw = ulaw_from_wav(wav, ANNOUNCEMENT_SECONDS) if wav else b""
    except WavRefused as error:
        raise refuse("audio", "audio.wav", f"Not taken: {error}.") from error
    row, path = RecordingSettings.of(tenant.pk), announcement_file(tenant.pk)
    with change(actor) as draft:
        old, row.has_announcement = {"announcement": row.has_announcement}, bool(ulaw)
        row.save()
        draft.record("recordings.announcement", tenant.pk, tenant.domain, old, {"announcement": len(ulaw)}, tenant.pk)
        transaction.on_commit(lambda: audio.lay_out(path, ulaw) if ulaw else path.unlink(missing_ok=True))
    return row


def announcement_file(tenant_id: int) -> Path:
    return places.PATHS.prompts / f"{announcement_name(tenant_id)}.ulaw"


def set_directions(actor: Actor, person: Person, directions: list[str] | None) -> Extension:
    """Which calls of one extension are recorded; None leaves it to the tenant. Raises Refused or Forbidden."""
    require(actor, Permission.RECORDINGS_WRITE)
    stand_above(actor, person, Permission.RECORDINGS_WRITE)
    if problem := _unknown_direction(directions or ()):
        raise Refused([problem])
    with change(actor) as draft:
        extension = Extension.objects.select_for_update().select_related("tenant", "person").get(person=person)
        old = {"recording": directions_of(extension)}
        kept = {name: value for name, value in (extension.calling or {}).items() if name != "recording"}
        extension.calling = kept if directions is None else {**kept, "recording": _ordered(directions)}
        extension.save(update_fields=["calling"])
        new = {"recording": directions_of(extension)}
        draft.record("user.recording_changed", person.pk, extension.aor, old, new, person.tenant_id)
        draft.subscriber(extension.aor)
    return extension


def directions_of(extension: Extension) -> list[str] | None:
    found = (extension.calling or {}).get("recording")
    return None if found is None else list(found)


def hear(actor: Actor, recording: Recording) -> None:
    """Writes down who opened the audio."""
    parties = f"{recording.caller} to {recording.callee}"
    told = {"call_id": {"new": recording.call_id}}
    append(actor, "recording.heard", str(recording.pk), parties[:255], told, recording.tenant_id)


def delete(actor: Actor, recording: Recording) -> None:
    """The audio is gone at once. Raises Forbidden, or Conflict while the call is still recorded."""
    require(actor, Permission.RECORDINGS_WRITE)
    if recording.running:
        raise Conflict([Problem("", "recordings.running", "The call is still recorded; stop the recording first.")])
    uid = recording.uid
    with change(actor) as draft:
        old = {"call_id": recording.call_id, "seconds": recording.seconds}
        parties = f"{recording.caller} to {recording.callee}"
        draft.record("recording.deleted", recording.pk, parties[:255], old=old, tenant_id=recording.tenant_id)
        recording.delete()
        transaction.on_commit(lambda: audio.delete_files([uid]))


def switch(actor: Actor, call_id: str, *, on: bool) -> None:
    """Starts or stops recording a running call. Raises NotFound, Forbidden, Conflict, VoiceAway or GuardSilent."""
    require(actor, Permission.RECORDINGS_WRITE)
    call = next((one for one in live.calls(actor) if one.get("call_id") == call_id), None)
    if call is None:
        raise NotFound(detail="There is no such call now.")
    facts = _facts(call)
    if facts is None:
        raise Conflict([Problem("", "recordings.no_audio", "Nobody talks in this call yet, or not with a person.")])
    if not tell_voice({"about": "record", "on": on, "by": actor.name, "facts": facts}):
        raise VoiceAway(detail="The voice process does not answer; try again.")
    with change(actor) as draft:
        parties = f"{call.get('caller', '')} to {call.get('callee', '')}"[:255]
        action = "recording.started" if on else "recording.stopped"
        draft.record(action, call_id, parties, tenant_id=call.get("tenant_id"))


def _facts(call: dict[str, Any]) -> dict[str, Any] | None:
    """What the voice process must know of a call; None while it cannot be recorded."""
    tags, tenant_id = call.get("tags"), call.get("tenant_id")
    if call.get("state") != "answered" or not tags or not all(tags) or not isinstance(tenant_id, int):
        return None
    settings = RecordingSettings.of(tenant_id)
    return {
        "call": call["call_id"],
        "relay": call["sip_call_id"],
        "tags": tags,
        "caller": call.get("caller", ""),
        "callee": call.get("callee", ""),
        "extensions": [True, True],
        "tenant_id": tenant_id,
        "direction": call.get("direction") or Direction.INTERNAL.value,
        "why": "",
        "announced": settings.announced,
        "on_demand": settings.on_demand,
    }


def delete_old() -> int:
    """Recordings beyond their tenant's days of retention; how many."""
    found = 0
    for tenant in Tenant.objects.all():
        until = timezone.now() - timedelta(days=RecordingSettings.of(tenant.pk).retention_days)
        old = Recording.objects.finished().filter(tenant=tenant, started_at__lt=until)
        uids = list(old.values_list("uid", flat=True)[:AT_ONCE])
        Recording.objects.filter(uid__in=uids).delete()
        audio.delete_files(uids)
        found += len(uids)
    return found
