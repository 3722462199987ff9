"""Pages: ring groups and announcements."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.answering import bulk, changes
from ringfence.portal.answering.api import announcement_of, group_of
from ringfence.portal.answering.forms import AnnouncementForm, RingGroupForm
from ringfence.portal.forms import PortalForm
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tenants.narrowing import list_page

LONGEST_FILE = 12 * 1024 * 1024


@permitted(Permission.INBOUND_READ)
def list_groups(request: HttpRequest) -> HttpResponse:
    return list_page(request, bulk.OF_GROUPS, "answering/list.html", title=_("Ring Groups"), new="/ring-groups/new")


@permitted(Permission.INBOUND_WRITE)
def new_group(request: HttpRequest) -> HttpResponse:
    form = RingGroupForm(actor_of(request), request.POST or None)
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            changes.create_group(actor_of(request), given.pop("tenant_id"), changes.GroupWish(**given))
            return HttpResponseRedirect("/ring-groups")
        except Refused as refused:
            form.explain(refused)
    return _form(request, form, _("Add Ring Group"), "/ring-groups")


@permitted(Permission.INBOUND_WRITE)
def group(request: HttpRequest, group_id: int) -> HttpResponse:
    actor = actor_of(request)
    found = group_of(actor, group_id)
    initial = {**changes.facts(found), "members": ", ".join(found.members)}
    form = RingGroupForm(actor, request.POST or None, fixed=True, initial=initial)
    if form.is_valid():
        try:
            changes.change_group(actor, found, changes.GroupWish(**form.cleaned_data))
            messages.success(request, _("The ring group is saved and in force."))
            return HttpResponseRedirect("/ring-groups")
        except Refused as refused:
            form.explain(refused)
    return _form(request, form, found.name, "/ring-groups", delete=f"/ring-groups/{group_id}/delete")


@permitted(Permission.INBOUND_WRITE)
@require_POST
def delete_group(request: HttpRequest, group_id: int) -> HttpResponse:
    changes.delete_group(actor_of(request), group_of(actor_of(request), group_id))
    return HttpResponseRedirect("/ring-groups")


@permitted(Permission.INBOUND_READ)
def list_announcements(request: HttpRequest) -> HttpResponse:
    facts = {"title": _("Announcements"), "new": "/announcements/new"}
    return list_page(request, bulk.OF_ANNOUNCEMENTS, "answering/list.html", **facts)


@permitted(Permission.INBOUND_WRITE)
def new_announcement(request: HttpRequest) -> HttpResponse:
    form = AnnouncementForm(actor_of(request), request.POST or None, request.FILES or None)
    if form.is_valid():
        given, file = dict(form.cleaned_data), form.cleaned_data["file"]
        try:
            wav = file.read() if file.size <= LONGEST_FILE else b""
            changes.create_announcement(actor_of(request), given["tenant_id"], given["number"], given["name"], wav)
            return HttpResponseRedirect("/announcements")
        except Refused as refused:
            form.explain(refused)
    return render(request, "answering/announcement.html", {"form": form}, status=422 if form.errors else 200)


@permitted(Permission.INBOUND_WRITE)
@require_POST
def delete_announcement(request: HttpRequest, announcement_id: int) -> HttpResponse:
    changes.delete_announcement(actor_of(request), announcement_of(actor_of(request), announcement_id))
    return HttpResponseRedirect("/announcements")


def _form(request: HttpRequest, form: PortalForm, title: str, back: str, delete: str = "") -> HttpResponse:
    facts = {"form": form, "title": title, "button": _("Save"), "back": back, "delete": delete}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
