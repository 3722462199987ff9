"""Pages: recordings with a player, what tenants and extensions want recorded, recording a running call."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ringfence.portal import audio
from ringfence.portal.access import actor_of, permitted, signed_in
from ringfence.portal.people.api import user_of
from ringfence.portal.people.own import my_extension_of
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.recordings import changes
from ringfence.portal.recordings.api import recording_of
from ringfence.portal.recordings.forms import AnnouncementForm, ExtensionForm, SettingsForm, initial_of
from ringfence.portal.recordings.intake import CHANNELS
from ringfence.portal.recordings.models import Recording, RecordingSettings
from ringfence.portal.recordings.table import own_recordings, recordings_of, recordings_table
from ringfence.portal.tables import answer
from ringfence.portal.tables.bulk import Bulk, deleting
from ringfence.portal.tenants.api import tenant_of
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.tenants.narrowing import by_tenant

ALL: Final = "/recordings"
OWN: Final = "/my/recordings"
LONGEST_FILE: Final = 3 * 1024 * 1024
BULK: Final = Bulk(
    recordings_table(ALL),
    Permission.RECORDINGS_WRITE,
    recordings_of,
    ((deleting(gettext_lazy("Delete these recordings? Their sound is gone.")), changes.delete),),
)


@permitted(Permission.RECORDINGS_READ)
def list_recordings(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    may_delete = actor.may(Permission.RECORDINGS_WRITE)
    tenants = Tenant.objects.visible_to(actor)[:100] if may_delete else []
    facts = {"base": ALL, "tenants": tenants, "may_delete": may_delete}
    return answer(
        request, by_tenant(BULK.shown_to(actor), actor), recordings_of(actor), "recordings/recordings.html", **facts
    )


@signed_in
def my_recordings(request: HttpRequest) -> HttpResponse:
    """Of the own calls; deleting them is the administrators' business."""
    found = own_recordings(my_extension_of(request))
    return answer(request, recordings_table(OWN), found, "recordings/my_recordings.html", base=OWN, may_delete=False)


@permitted(Permission.RECORDINGS_READ)
def recording_audio(request: HttpRequest, recording_id: int) -> HttpResponseBase:
    return _audio(request, recording_of(actor_of(request), recording_id))


@signed_in
def my_audio(request: HttpRequest, recording_id: int) -> HttpResponseBase:
    found = own_recordings(my_extension_of(request)).filter(pk=recording_id).first()
    if found is None:
        raise NotFound(detail="There is no such recording.")
    return _audio(request, found)


def _audio(request: HttpRequest, recording: Recording) -> HttpResponseBase:
    found = audio.wav_answer(request, recording.uid, recording.size, CHANNELS, f"recording-{recording.pk}")
    changes.hear(actor_of(request), recording)
    return found


@permitted(Permission.RECORDINGS_WRITE)
@require_POST
def delete_recording(request: HttpRequest, recording_id: int) -> HttpResponse:
    actor = actor_of(request)
    changes.delete(actor, recording_of(actor, recording_id))
    return HttpResponseRedirect(ALL)


@permitted(Permission.RECORDINGS_WRITE)
@require_POST
def switch(request: HttpRequest, call_id: str, wanted: str) -> HttpResponse:
    """From the page of live calls."""
    try:
        changes.switch(actor_of(request), call_id, on=wanted == "start")
    except Refused as refused:
        messages.error(request, refused.problems[0].message if refused.problems else refused.detail)
    else:
        messages.success(request, _("The recording begins.") if wanted == "start" else _("The recording ends."))
    return HttpResponseRedirect("/calls")


@permitted(Permission.RECORDINGS_READ)
def of_extension(request: HttpRequest, user_id: int) -> HttpResponse:
    person = user_of(actor_of(request), user_id)
    form = ExtensionForm(request.POST or None, initial=initial_of(person.extension))
    back = f"/users/{user_id}"
    if form.is_valid():
        try:
            changes.set_directions(actor_of(request), person, form.wish)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved: it holds for the next call."))
            return HttpResponseRedirect(back)
    title = _("Recordings of extension %(number)s") % {"number": person.extension.number}
    facts = {"form": form, "title": title, "button": _("Save"), "back": back}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


@permitted(Permission.RECORDINGS_WRITE)
def settings(request: HttpRequest, tenant_id: int) -> HttpResponse:
    actor = actor_of(request)
    tenant = tenant_of(actor, tenant_id)
    row = RecordingSettings.of(tenant.pk)
    form = SettingsForm(request.POST or None, initial=changes.settings_facts(row))
    if form.is_valid():
        try:
            changes.change_settings(actor, tenant, **form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved: it holds for the next call."))
            return HttpResponseRedirect(ALL)
    facts = {"form": form, "announcement": AnnouncementForm(), "row": row, "tenant": tenant, "back": ALL}
    return render(request, "recordings/settings.html", facts, status=422 if form.errors else 200)


@permitted(Permission.RECORDINGS_WRITE)
@require_POST
def announcement(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """A file sets the announcement, none removes it."""
    actor, given = actor_of(request), request.FILES.get("file")
    try:
        if given is not None and (given.size or 0) > LONGEST_FILE:
            messages.error(request, _("The file is too large."))
        else:
            changes.keep_announcement(actor, tenant_of(actor, tenant_id), given.read() if given else b"")
            messages.success(request, _("The announcement is saved."))
    except Refused as refused:
        messages.error(request, refused.problems[0].message if refused.problems else refused.detail)
    return HttpResponseRedirect(f"{ALL}/tenants/{tenant_id}")
