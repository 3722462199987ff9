"""REST: recordings of calls, recording a running call, and what a tenant or an extension wants recorded."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from ninja import Field, Router, Status

from ringfence.policy.calls.recording import Direction
from ringfence.portal import audio
from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, rows
from ringfence.portal.people.api import user_of
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.recordings import changes
from ringfence.portal.recordings.intake import CHANNELS
from ringfence.portal.recordings.models import Recording, RecordingSettings
from ringfence.portal.schema import In, Instant, Out
from ringfence.portal.tenants.api import tenant_of
from ringfence.portal.voicemail.api import GreetingIn, decoded

router = Router()


class RecordingOut(Out):
    """`why` is tenant, extension or on demand; `running` recordings have no audio yet."""

    id: int
    tenant_id: int
    call_id: str
    caller: str
    callee: str
    direction: str
    why: str
    by: str
    announced: bool
    started_at: str
    seconds: float
    whole: bool
    running: bool


class RecordingPage(PageOut):
    items: list[RecordingOut]


class RecordingRulesOut(Out):
    tenant_id: int
    directions: list[str]
    announced: bool
    on_demand: bool
    has_announcement: bool
    quota_hours: int
    retention_days: int


class RecordingRulesPatch(In):
    directions: list[Direction] | None = None
    announced: bool | None = None
    on_demand: bool | None = None
    quota_hours: int | None = None
    retention_days: int | None = None


class RecordedCallsOut(Out):
    user_id: int
    directions: list[str] | None


class RecordedCallsPatch(In):
    """Null leaves it to the tenant, an empty list records none."""

    directions: list[Direction] | None = Field(...)


def recording_facts(recording: Recording) -> dict[str, Any]:
    facts = {name: getattr(recording, name) for name in RecordingOut.model_fields}
    return {**facts, "started_at": recording.started_at.isoformat()}


def recording_of(actor: Actor, recording_id: int) -> Recording:
    """Raises NotFound for one of another tenant."""
    found = Recording.objects.visible_to(actor).filter(pk=recording_id).first()
    if found is None:
        raise NotFound(detail="There is no such recording.")
    return found


@router.get("recordings", response=RecordingPage)
@needs(Permission.RECORDINGS_READ)
def list_recordings(
    request: ApiRequest,
    page: PageQuery,
    tenant_id: RowId | None = None,
    user_id: RowId | None = None,
    call_id: str = "",
    party: str = "",
    direction: str = "",
    started_after: Instant | None = None,
    started_before: Instant | None = None,
) -> dict[str, Any]:
    """Newest first. `party` matches the beginning of caller or callee, `user_id` the calls of an extension."""
    found = Recording.objects.visible_to(request.auth)
    exact = {"tenant_id": tenant_id, "call_id": call_id, "direction": direction}
    found = found.filter(**{name: value for name, value in exact.items() if value not in ("", None)})
    if user_id is not None:
        found = found.filter(Q(caller_extension__person_id=user_id) | Q(callee_extension__person_id=user_id))
    if party:
        found = found.filter(Q(caller__startswith=party) | Q(callee__startswith=party))
    if started_after is not None:
        found = found.filter(started_at__gte=started_after)
    if started_before is not None:
        found = found.filter(started_at__lt=started_before)
    return rows(found, page, recording_facts)


@router.get("recordings/{int:recording_id}", response=RecordingOut)
@needs(Permission.RECORDINGS_READ)
def show_recording(request: ApiRequest, recording_id: RowId) -> dict[str, Any]:
    return recording_facts(recording_of(request.auth, recording_id))


@router.delete("recordings/{int:recording_id}", response={204: None})
@needs(Permission.RECORDINGS_WRITE)
def delete_recording(request: ApiRequest, recording_id: RowId) -> Status[Any]:
    changes.delete(request.auth, recording_of(request.auth, recording_id))
    return Status(204, None)


@router.get("recordings/{int:recording_id}/audio")
@needs(Permission.RECORDINGS_READ)
def recording_audio(request: ApiRequest, recording_id: RowId) -> HttpResponseBase:
    """A WAV file, the caller left and the called side right; parts by `Range`. The audit log keeps who opened it."""
    recording = recording_of(request.auth, recording_id)
    answer = audio.wav_answer(request, recording.uid, recording.size, CHANNELS, f"recording-{recording.pk}")
    changes.hear(request.auth, recording)
    return answer


@router.put("calls/{call_id}/recording", response={202: None})
@needs(Permission.RECORDINGS_WRITE)
def start_recording(request: ApiRequest, call_id: str) -> HttpResponse:
    """Records an answered call from now on; announced if the tenant's recordings are."""
    changes.switch(request.auth, call_id, on=True)
    return HttpResponse(status=202)


@router.delete("calls/{call_id}/recording", response={202: None})
@needs(Permission.RECORDINGS_WRITE)
def stop_recording(request: ApiRequest, call_id: str) -> HttpResponse:
    """The call goes on."""
    changes.switch(request.auth, call_id, on=False)
    return HttpResponse(status=202)


@router.get("users/{int:user_id}/recording", response=RecordedCallsOut)
@needs(Permission.RECORDINGS_READ)
def show_directions(request: ApiRequest, user_id: RowId) -> dict[str, Any]:
    person = user_of(request.auth, user_id)
    return {"user_id": person.pk, "directions": changes.directions_of(person.extension)}


@router.patch("users/{int:user_id}/recording", response=RecordedCallsOut)
@needs(Permission.RECORDINGS_WRITE)
def change_directions(request: ApiRequest, user_id: RowId, payload: RecordedCallsPatch) -> dict[str, Any]:
    person = user_of(request.auth, user_id)
    wish = None if payload.directions is None else [one.value for one in payload.directions]
    extension = changes.set_directions(request.auth, person, wish)
    return {"user_id": person.pk, "directions": changes.directions_of(extension)}


def settings_facts(row: RecordingSettings) -> dict[str, Any]:
    return {"tenant_id": row.tenant_id, **changes.settings_facts(row)}


@router.get("tenants/{int:tenant_id}/recording", response=RecordingRulesOut)
@needs(Permission.RECORDINGS_READ)
def show_settings(request: ApiRequest, tenant_id: RowId) -> dict[str, Any]:
    return settings_facts(RecordingSettings.of(tenant_of(request.auth, tenant_id).pk))


@router.patch("tenants/{int:tenant_id}/recording", response=RecordingRulesOut)
@needs(Permission.RECORDINGS_WRITE)
def change_settings(request: ApiRequest, tenant_id: RowId, payload: RecordingRulesPatch) -> dict[str, Any]:
    """Which directions are recorded, whether that is announced, who may ask for it, how much room and how long."""
    tenant = tenant_of(request.auth, tenant_id)
    return settings_facts(changes.change_settings(request.auth, tenant, **payload.dict()))


@router.put("tenants/{int:tenant_id}/recording/announcement", response={204: None})
@needs(Permission.RECORDINGS_WRITE)
def set_announcement(request: ApiRequest, tenant_id: RowId, payload: GreetingIn) -> Status[Any]:
    """A WAV file (16 bit PCM, at most 7 seconds) in Base64."""
    changes.keep_announcement(request.auth, tenant_of(request.auth, tenant_id), decoded(payload.audio))
    return Status(204, None)


@router.delete("tenants/{int:tenant_id}/recording/announcement", response={204: None})
@needs(Permission.RECORDINGS_WRITE)
def remove_announcement(request: ApiRequest, tenant_id: RowId) -> Status[Any]:
    """The standard sound is heard again."""
    changes.keep_announcement(request.auth, tenant_of(request.auth, tenant_id), b"")
    return Status(204, None)
