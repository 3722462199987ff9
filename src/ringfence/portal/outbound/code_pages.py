"""Pages: Codes and E164: the number plan of a tenant, and its three lists."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.forms import PortalForm
from ringfence.portal.outbound import changes, code_tables, metadata
from ringfence.portal.outbound.compiling import plan_row
from ringfence.portal.outbound.forms import CodeForm, CountryForm, EmergencyForm, NumberPlanForm
from ringfence.portal.outbound.models import AllowedCountry, DisallowedCode, EmergencyNumber
from ringfence.portal.outbound.views import choose, chosen_tenant, done, row_of
from ringfence.portal.outbound.wishes import PlanWish
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.tables.bulk import Bulk
from ringfence.portal.tenants.narrowing import list_page


@dataclass(frozen=True, slots=True)
class CodeList:
    """One of the lists: its table with buttons, its rows, and how one is added."""

    bulk: Bulk
    model: Any
    form: type[PortalForm]
    add: Callable[..., object]
    title: str | Promise
    new: str | Promise


LISTS: Final = {
    "countries": CodeList(
        code_tables.OF_COUNTRIES, AllowedCountry, CountryForm, changes.allow_country,
        gettext_lazy("Allowed Country Codes"), gettext_lazy("Allow a Country"),
    ),
    "disallowed": CodeList(
        code_tables.OF_DISALLOWED, DisallowedCode, CodeForm, changes.disallow_code,
        gettext_lazy("Disallowed Codes"), gettext_lazy("Disallow a Code"),
    ),
    "emergency": CodeList(
        code_tables.OF_EMERGENCY, EmergencyNumber, EmergencyForm, changes.add_emergency_number,
        gettext_lazy("Emergency Numbers"), gettext_lazy("Add an Emergency Number"),
    ),
}  # fmt: skip
TABS: Final = (("/codes", gettext_lazy("Number plan")), *((one.bulk.table.path, one.title) for one in LISTS.values()))


def _list(name: str) -> CodeList:
    if name not in LISTS:
        raise NotFound
    return LISTS[name]


@permitted(Permission.OUTBOUND_READ)
def number_plan(request: HttpRequest) -> HttpResponse:
    """Where the tenant is, and which classes of numbers may be called."""
    tenant = chosen_tenant(request)
    if tenant is None:
        return choose(request, _("Codes and E164"))
    actor, row = actor_of(request), plan_row(tenant)
    form = NumberPlanForm(tenant, request.POST or None, initial=changes.plan_facts(row))
    if form.is_valid() and done(form, lambda: changes.set_plan(actor, tenant, PlanWish(**form.cleaned_data))):
        messages.success(request, _("Saved and in force."))
        return HttpResponseRedirect(f"/codes?tenant={tenant.pk}")
    facts = {"tenant": tenant, "form": form, "built_in": metadata.emergency_numbers(row.country), "tabs": TABS}
    facts["may_change"] = actor.may(Permission.OUTBOUND_WRITE)
    return render(request, "outbound/codes.html", facts, status=422 if form.errors else 200)


@permitted(Permission.OUTBOUND_READ)
def codes(request: HttpRequest, name: str) -> HttpResponse:
    """One list, of every tenant the actor sees."""
    found = _list(name)
    return list_page(request, found.bulk, "outbound/code_list.html", title=found.title, tabs=TABS)


@permitted(Permission.OUTBOUND_WRITE)
def new_code(request: HttpRequest, name: str) -> HttpResponse:
    found, tenant = _list(name), chosen_tenant(request)
    if tenant is None:
        return choose(request, str(found.new))
    form, back = found.form(request.POST or None), found.bulk.table.path
    actor = actor_of(request)
    if form.is_valid() and done(form, lambda: found.add(actor, tenant.pk, **form.cleaned_data)):
        return HttpResponseRedirect(back)
    facts = {"form": form, "title": found.new, "button": _("Add"), "back": back}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


@permitted(Permission.OUTBOUND_WRITE)
@require_POST
def bulk(request: HttpRequest, name: str) -> HttpResponseBase:
    """What the buttons above a list do."""
    return _list(name).bulk.view()(request)


@permitted(Permission.OUTBOUND_WRITE)
@require_POST
def delete_code(request: HttpRequest, name: str, row_id: int) -> HttpResponse:
    found = _list(name)
    changes.delete(actor_of(request), row_of(request, found.model, row_id))
    return HttpResponseRedirect(found.bulk.table.path)
