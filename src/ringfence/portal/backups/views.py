"""Page: Advanced > Backups."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.backups import changes
from ringfence.portal.backups.api import backup_of
from ringfence.portal.backups.forms import PassphraseForm, PlanForm
from ringfence.portal.backups.models import Backup, BackupPlan
from ringfence.portal.backups.table import BACKUPS
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.streamed import streamed
from ringfence.portal.tables import answer

HERE: Final = "/backups"
PIECE: Final = 1 << 18


@permitted(Permission.BACKUPS_WRITE)
def backups(request: HttpRequest) -> HttpResponse:
    """The list, the plan and the passphrase."""
    plan = PlanForm(
        request.POST if "plan" in request.POST else None,
        initial=changes.plan_facts(BackupPlan.current()),
        prefix="plan",
    )
    phrase = PassphraseForm(request.POST if "lock" in request.POST else None)
    if done := _done(request, plan, phrase):
        messages.success(request, done)
        return HttpResponseRedirect(HERE)
    facts = {"plan": plan, "phrase": phrase, "ready": changes.has_passphrase()}
    response = answer(request, BACKUPS, Backup.objects.all(), "backups/backups.html", **facts)
    if plan.errors or phrase.errors:
        response.status_code = 422
    return response


def _done(request: HttpRequest, plan: PlanForm, phrase: PassphraseForm) -> str:
    actor = actor_of(request)
    try:
        if plan.is_valid():
            changes.plan(actor, **plan.cleaned_data)
            return _("The plan is saved.")
        if phrase.is_valid():
            changes.set_passphrase(actor, phrase.cleaned_data["passphrase"])
            return _("Backups are sealed with the new passphrase from now on; older ones keep theirs.")
    except Refused as refused:
        (plan if plan.is_bound else phrase).explain(refused)
    return ""


@permitted(Permission.BACKUPS_WRITE)
@require_POST
def make_now(request: HttpRequest) -> HttpResponse:
    try:
        changes.ask_for_one(actor_of(request))
    except Refused as refused:
        messages.error(request, refused.detail)
    return HttpResponseRedirect(HERE)


@permitted(Permission.BACKUPS_WRITE)
def download(request: HttpRequest, backup_id: int) -> HttpResponseBase:
    backup = backup_of(backup_id)
    changes.note_download(actor_of(request), backup)
    return sent(request, backup)


def sent(request: HttpRequest, backup: Backup) -> HttpResponseBase:
    """The sealed file."""
    found = streamed(request, _pieces(backup.path), "application/octet-stream", backup.file)
    found["Content-Length"] = str(backup.path.stat().st_size)
    return found


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield piece


@permitted(Permission.BACKUPS_WRITE)
@require_POST
def delete(request: HttpRequest, backup_id: int) -> HttpResponse:
    try:
        changes.delete(actor_of(request), backup_of(backup_id))
    except Refused as refused:
        messages.error(request, refused.detail)
    return HttpResponseRedirect(HERE)
