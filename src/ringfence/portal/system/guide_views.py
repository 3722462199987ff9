"""Pages of the guided setup. Each step can be left for later; the dashboard leads back to it."""

from typing import Any

import segno
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from ringfence.hosts import ports
from ringfence.portal.access import actor_of, system_administrator
from ringfence.portal.actor import Actor
from ringfence.portal.people import changes
from ringfence.portal.people.digests import new_secret
from ringfence.portal.problems import Refused
from ringfence.portal.signin import factors
from ringfence.portal.signin.forms import AppCodeForm
from ringfence.portal.signin.passwords import policy_for
from ringfence.portal.signin.views import passkeys_work_here
from ringfence.portal.system import guide
from ringfence.portal.system.guide import Step
from ringfence.portal.system.guide_forms import ExtensionsForm
from ringfence.portal.tenants.changes import create_tenant
from ringfence.portal.tenants.forms import TenantForm
from ringfence.portal.tenants.models import Tenant

FIRST_PASSWORD_LENGTH = 12


@system_administrator
def resume(request: HttpRequest) -> HttpResponse:
    step = guide.current()
    return HttpResponseRedirect(f"/setup/guide/{step}" if step else "/")


@system_administrator
def show(request: HttpRequest, name: str) -> HttpResponse:
    if name not in Step:
        raise Http404
    step = Step(name)
    if step is Step.TENANT:
        return tenant(request)
    if step is Step.EXTENSIONS:
        return extensions(request)
    return _page(request, step, _facts(request, step))


def _facts(request: HttpRequest, step: Step) -> dict[str, Any]:
    match step:
        case Step.SECOND_FACTOR:
            return _second_factor(request)
        case Step.CERTIFICATE:
            return {"certificate": guide.certificate(_own_port(request))}
        case Step.NETWORK:
            return {"network": guide.network(), "ports": guide.port_states()}
        case _:
            return {"plan": guide.firewall_plan(), "commands": guide.firewall_commands()}


def _own_port(request: HttpRequest) -> int:
    """Behind nginx the portal has no port of its own; the browser's Host header is not asked where to connect."""
    port = request.META.get("SERVER_PORT", "")
    return int(port) if port.isdecimal() and port not in ("0", "443") else ports.WEB_PORTAL.first


def _second_factor(request: HttpRequest) -> dict[str, Any]:
    assert request.user.is_authenticated
    person = request.user
    has_app = factors.has(person, factors.TYPES.TOTP)
    return {
        "factors": factors.factors_of(person),
        "app": None if has_app else factors.new_totp(request, person),
        "form": AppCodeForm(),
        "passkeys": passkeys_work_here(request),
    }


def _page(request: HttpRequest, step: Step, facts: dict[str, Any], status: int = 200) -> HttpResponse:
    shared = {"step": step, "title": guide.TITLES[step], "steps": guide.progress(step)}
    return render(request, f"system/guide/{step}.html", {**shared, **facts}, status=status)


@system_administrator
@require_POST
def go_on(request: HttpRequest, name: str) -> HttpResponse:
    """Done with a step, or leaving it for later."""
    if name not in Step:
        raise Http404
    following = guide.done_with(Step(name))
    return HttpResponseRedirect(f"/setup/guide/{following}" if following else "/")


def tenant(request: HttpRequest) -> HttpResponse:
    form = TenantForm(request.POST or None)
    if form.is_valid():
        try:
            create_tenant(actor_of(request), **form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            return HttpResponseRedirect(f"/setup/guide/{guide.done_with(Step.TENANT)}")
    facts = {"form": form, "tenants": Tenant.objects.all()}
    return _page(request, Step.TENANT, facts, 422 if form.errors else 200)


def extensions(request: HttpRequest) -> HttpResponse:
    """The new passwords are on the answer's page, and nowhere else."""
    owner = Tenant.objects.order_by("-pk").first()
    if owner is None:
        return HttpResponseRedirect(f"/setup/guide/{Step.TENANT}")
    form = ExtensionsForm(request.POST or None)
    if form.is_valid():
        try:
            made = _make(actor_of(request), owner, form)
        except Refused as refused:
            form.explain(refused)
        else:
            guide.done_with(Step.EXTENSIONS)
            return _page(request, Step.EXTENSIONS, {"made": made, "tenant": owner, "network": guide.network()})
    return _page(request, Step.EXTENSIONS, {"form": form, "tenant": owner}, 422 if form.errors else 200)


def _make(actor: Actor, owner: Tenant, form: ExtensionsForm) -> list[dict[str, Any]]:
    """All of them or, when one is refused, none."""
    with transaction.atomic():
        return [_one(actor, owner, number, name, form.cleaned_data["role"]) for number, name in form.people()]


def _one(actor: Actor, owner: Tenant, number: str, name: str, role: str) -> dict[str, Any]:
    password = new_secret((number, name, owner.name, owner.domain), policy_for(owner.pk), FIRST_PASSWORD_LENGTH)
    person, secret = changes.create_user(actor, changes.NewUser(owner.pk, number, name, role, None, password))
    picture = segno.make(secret, error="m").svg_data_uri(scale=3, light="white")
    return {"person": person, "number": number, "secret": secret, "password": password, "picture": picture}
