"""Pages: tenants."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tables import answer
from ringfence.portal.tenants import changes
from ringfence.portal.tenants.api import tenant_of
from ringfence.portal.tenants.forms import ChangeTenantForm, NewTenantForm
from ringfence.portal.tenants.table import TENANTS, tenants_of


@permitted(Permission.TENANTS_WRITE)
def tenants(request: HttpRequest) -> HttpResponse:
    return answer(request, TENANTS, tenants_of(actor_of(request)), "tenants/tenants.html")


@permitted(Permission.TENANTS_WRITE)
def new(request: HttpRequest) -> HttpResponse:
    form = NewTenantForm(request.POST or None)
    if form.is_valid():
        try:
            tenant = changes.create_tenant(actor_of(request), **_with_limits(form.cleaned_data))
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, f"Tenant {tenant.name} is made. Now add its users.")
            return HttpResponseRedirect(f"/users/new?tenant={tenant.pk}")
    facts = {"form": form, "title": "Add Tenant", "button": "Add Tenant", "back": "/tenants"}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


@permitted(Permission.TENANTS_WRITE)
def rename(request: HttpRequest, tenant_id: int) -> HttpResponse:
    tenant = tenant_of(actor_of(request), tenant_id)
    form = ChangeTenantForm(request.POST or None, initial=changes.facts(tenant))
    if form.is_valid():
        try:
            changes.change_tenant(actor_of(request), tenant, **_with_limits(form.cleaned_data))
        except Refused as refused:
            form.explain(refused)
        else:
            return HttpResponseRedirect("/tenants")
    facts = {"form": form, "title": tenant.domain, "button": "Save", "back": "/tenants"}
    facts["intro"] = _("Country, area code and emergency numbers of the tenant: Blacklist and Codes > Codes and E164.")
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


def _with_limits(cleaned: dict[str, Any]) -> dict[str, Any]:
    limits = changes.Limits(**{name: cleaned[name] for name in changes.RANGES})
    return {"limits": limits, **{name: value for name, value in cleaned.items() if not name.startswith("max_")}}


@permitted(Permission.TENANTS_WRITE)
@require_POST
def delete(request: HttpRequest, tenant_id: int) -> HttpResponse:
    tenant = tenant_of(actor_of(request), tenant_id)
    changes.delete_tenant(actor_of(request), tenant)
    messages.success(request, f"Tenant {tenant.name} and its extensions are deleted.")
    return HttpResponseRedirect("/tenants")
