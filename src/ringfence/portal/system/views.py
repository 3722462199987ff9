"""Pages: setup, dashboard."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from ringfence.portal.access import actor_of, administrators, permitted, signed_in
from ringfence.portal.actor import Actor
from ringfence.portal.calls.hours import calls_by_hour
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.client_address import client_address
from ringfence.portal.people.templatetags.phones import phones_server, ways_of_phones
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Forbidden, Refused, refuse
from ringfence.portal.signin import sessions
from ringfence.portal.signin.account import setup_verdicts
from ringfence.portal.system import guide
from ringfence.portal.system.forms import SetupForm
from ringfence.portal.system.models import Installation
from ringfence.portal.system.numbers import dashboard_numbers
from ringfence.portal.system.setup import set_up
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.webaccess.server import certificate_now


def setup(request: HttpRequest) -> HttpResponse:
    """Makes the administrator. The token is in the link's fragment, which browsers never send; a script fills it in."""
    if Installation.is_set_up():
        return HttpResponseRedirect("/sign-in")
    form = SetupForm(request.POST or None)
    if form.is_valid():
        try:
            _refuse_typing_error(form.cleaned_data)
            person = set_up(form.cleaned_data["token"], form.cleaned_data["password"], client_address(request))
        except Refused as refused:
            form.explain(refused)
        else:
            sessions.begin(request, person, "password")
            guide.begin()
            return HttpResponseRedirect("/setup/guide")
    facts = {"form": form, "rules": setup_verdicts("")}
    return render(request, "system/setup.html", facts, status=422 if form.errors else 200)


def _refuse_typing_error(cleaned: dict[str, Any]) -> None:
    if cleaned["password"] != cleaned["again"]:
        raise refuse("again", "password.not_equal", "The two passwords differ.")


@signed_in
def dashboard(request: HttpRequest) -> HttpResponse:
    """Who administers nothing has a page of his own."""
    actor, person = actor_of(request), request.user
    if not (person.is_authenticated and person.administers):
        return HttpResponseRedirect("/my")
    facts = {**dashboard_numbers(actor), "tenants": Tenant.objects.visible_to(actor).exists()}
    facts["guide"] = guide.current() if actor.administers_system else None
    facts["first_phone"] = _first_phone(actor, {card["path"]: card["value"] for card in facts["cards"]})
    facts["certificate"] = certificate_now() if actor.may(Permission.WEB_WRITE) else None
    return render(request, "system/dashboard.html", facts)


def _first_phone(actor: Actor, numbers: dict[str, Any]) -> dict[str, Any] | None:
    """What a phone is set to, while extensions are there and nothing has registered or called yet."""
    if numbers.get("/registrations") != 0 or not numbers.get("/users") or CallRecord.objects.visible_to(actor).exists():
        return None
    return {"server": phones_server(), "ways": ways_of_phones()}


@administrators
def numbers(request: HttpRequest) -> HttpResponse:
    return render(request, "system/numbers.html", dashboard_numbers(actor_of(request)))


@permitted(Permission.CALLS_READ)
def calls_chart(request: HttpRequest) -> HttpResponse:
    return JsonResponse(calls_by_hour(actor_of(request)))


class FormTooOld(Forbidden):
    error_id = "form.too_old"
    title = "This form is too old"


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's protection against forged requests did not fit: usually a page left open over a sign-out."""
    refused = FormTooOld(detail="Nothing was changed. Open the page again and repeat what you did.")
    return render(request, "system/refused.html", {"refused": refused}, status=refused.status)
