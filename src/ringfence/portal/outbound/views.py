"""Pages: Office Hours, Outbound Rules. Codes and E164 are in `code_pages`."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.actor import Actor
from ringfence.portal.forms import PortalForm
from ringfence.portal.in_force import question_page
from ringfence.portal.outbound import bulk, changes, explaining
from ringfence.portal.outbound.forms import (
    HoursForm,
    QuestionForm,
    RuleForm,
    TenantForm,
    hours_initial,
    rule_initial,
)
from ringfence.portal.outbound.models import NumberPlan, OfficeHours, OutboundRule
from ringfence.portal.outbound.wishes import HoursWish, RuleWish
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused
from ringfence.portal.tenants.api import tenant_of
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.tenants.narrowing import list_page


def chosen_tenant(request: HttpRequest) -> Tenant | None:
    """The tenant named in the address, or the only one there is to choose from."""
    actor = actor_of(request)
    wanted = request.GET.get("tenant", "")
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 19:
        return tenant_of(actor, int(wanted))
    visible: list[Tenant] = list(Tenant.objects.visible_to(actor)[:2])
    return visible[0] if len(visible) == 1 else None


def choose(request: HttpRequest, title: str) -> HttpResponse:
    """Asks for the tenant."""
    facts = {"form": TenantForm(actor_of(request)), "title": title}
    return render(request, "outbound/choose.html", facts)


@permitted(Permission.OUTBOUND_READ)
def list_hours(request: HttpRequest) -> HttpResponse:
    return list_page(request, bulk.OF_HOURS, "outbound/hours.html")


@permitted(Permission.OUTBOUND_WRITE)
def new_hours(request: HttpRequest) -> HttpResponse:
    tenant = chosen_tenant(request)
    if tenant is None:
        return choose(request, _("Add Office Hours"))
    return _hours_page(request, OfficeHours(tenant=tenant), _("Add Office Hours"))


@permitted(Permission.OUTBOUND_WRITE)
def hours(request: HttpRequest, row_id: int) -> HttpResponse:
    row = row_of(request, OfficeHours, row_id)
    return _hours_page(request, row, row.name)


def _hours_page(request: HttpRequest, row: OfficeHours, title: str) -> HttpResponse:
    form = HoursForm(request.POST or None, initial=hours_initial(row) if row.pk else None)
    if form.is_valid() and done(
        form, lambda: changes.save_hours(actor_of(request), HoursWish(**form.cleaned_data), row)
    ):
        return HttpResponseRedirect("/office-hours")
    facts = {"form": form, "title": title, "button": _("Save"), "back": "/office-hours"}
    facts["delete"] = f"/office-hours/{row.pk}/delete" if row.pk else ""
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


@permitted(Permission.OUTBOUND_WRITE)
@require_POST
def delete_hours(request: HttpRequest, row_id: int) -> HttpResponse:
    return _deleted(request, row_of(request, OfficeHours, row_id), "/office-hours")


@permitted(Permission.OUTBOUND_READ)
def list_rules(request: HttpRequest) -> HttpResponse:
    return list_page(request, bulk.OF_RULES, "outbound/rules.html", homeless=_without_country(actor_of(request)))


def _without_country(actor: Actor) -> list[Tenant]:
    """Tenants with rules that take hardly a number: nothing else tells of it before somebody dials 110 in need."""
    ruled = OutboundRule.objects.visible_to(actor).values("tenant_id")
    settled = NumberPlan.objects.exclude(country="").values("tenant_id")
    return list(Tenant.objects.filter(pk__in=ruled).exclude(pk__in=settled)[:5])


@permitted(Permission.OUTBOUND_WRITE)
def new_rule(request: HttpRequest) -> HttpResponse:
    tenant = chosen_tenant(request)
    if tenant is None:
        return choose(request, _("Add Outbound Rule"))
    return _rule_page(request, OutboundRule(tenant=tenant), _("Add Outbound Rule"))


@permitted(Permission.OUTBOUND_WRITE)
def rule(request: HttpRequest, row_id: int) -> HttpResponse:
    row = row_of(request, OutboundRule, row_id)
    return _rule_page(request, row, row.name)


def _rule_page(request: HttpRequest, row: OutboundRule, title: str) -> HttpResponse:
    form = RuleForm(row.tenant, request.POST or None, initial=rule_initial(row) if row.pk else None)
    if form.is_valid() and done(form, lambda: changes.save_rule(actor_of(request), _rule_wish(form), row)):
        return HttpResponseRedirect("/outbound-rules")
    facts = {"form": form, "title": title, "button": _("Save"), "back": "/outbound-rules"}
    facts["delete"] = f"/outbound-rules/{row.pk}/delete" if row.pk else ""
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


def _rule_wish(form: RuleForm) -> RuleWish:
    plain = {name: form.cleaned_data[name] for name in RuleWish.__slots__ if name in form.cleaned_data}
    return RuleWish(**plain, routes=form.routes())


@permitted(Permission.OUTBOUND_WRITE)
@require_POST
def delete_rule(request: HttpRequest, row_id: int) -> HttpResponse:
    return _deleted(request, row_of(request, OutboundRule, row_id), "/outbound-rules")


@permitted(Permission.OUTBOUND_READ)
def question(request: HttpRequest) -> HttpResponse:
    """Which rule would this call take, and why."""
    form = QuestionForm(request.GET if "number" in request.GET else None)
    return question_page(request, form, explaining.explain, ("outbound/question.html", "outbound/answer.html"))


def row_of(request: HttpRequest, model: Any, row_id: int) -> Any:
    """A row that the actor may see. Raises NotFound."""
    found = model.objects.visible_to(actor_of(request)).select_related("tenant").filter(pk=row_id).first()
    if found is None:
        raise NotFound
    return found


def done(form: PortalForm, carry_out: Callable[[], object]) -> bool:
    """Whether it was carried out; otherwise the form says why not."""
    try:
        carry_out()
    except Refused as refused:
        form.explain(refused)
        return False
    return True


def _deleted(request: HttpRequest, row: Any, back: str) -> HttpResponse:
    try:
        changes.delete(actor_of(request), row)
    except Refused as refused:
        messages.error(request, refused.detail)
    return HttpResponseRedirect(back)
