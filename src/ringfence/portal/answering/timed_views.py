"""Pages: time conditions."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.answering import bulk, timed
from ringfence.portal.answering.forms import TimeConditionForm
from ringfence.portal.answering.timed_api import condition_of
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.tenants.narrowing import list_page

HOME = "/time-conditions"


@permitted(Permission.INBOUND_READ)
def list_conditions(request: HttpRequest) -> HttpResponse:
    return list_page(request, bulk.OF_CONDITIONS, "answering/list.html", title=_("Time Conditions"), new=f"{HOME}/new")


@permitted(Permission.INBOUND_WRITE)
def new_condition(request: HttpRequest) -> HttpResponse:
    form = TimeConditionForm(actor_of(request), request.POST or None)
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            timed.create_condition(actor_of(request), given.pop("tenant_id"), timed.ConditionWish(**given))
            return HttpResponseRedirect(HOME)
        except (Refused, NotFound) as refused:
            form.explain(refused)
    return _page(request, form, _("Add Time Condition"))


@permitted(Permission.INBOUND_WRITE)
def condition(request: HttpRequest, row_id: int) -> HttpResponse:
    actor = actor_of(request)
    row = condition_of(actor, row_id)
    form = TimeConditionForm(actor, request.POST or None, fixed=True, initial=timed.facts(row))
    if form.is_valid():
        try:
            timed.change_condition(actor, row, timed.ConditionWish(**form.cleaned_data))
            messages.success(request, _("The time condition is saved and in force."))
            return HttpResponseRedirect(HOME)
        except Refused as refused:
            form.explain(refused)
    return _page(request, form, row.name, f"{HOME}/{row_id}/delete")


@permitted(Permission.INBOUND_WRITE)
@require_POST
def delete_condition(request: HttpRequest, row_id: int) -> HttpResponse:
    timed.delete_condition(actor_of(request), condition_of(actor_of(request), row_id))
    return HttpResponseRedirect(HOME)


def _page(request: HttpRequest, form: TimeConditionForm, title: str, delete: str = "") -> HttpResponse:
    facts = {"form": form, "title": title, "button": _("Save"), "back": HOME, "delete": delete}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)
