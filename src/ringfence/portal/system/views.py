"""Pages: setup, sign-in, dashboard, change password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from ringfence.policy.passwords import normalized
from ringfence.portal.access import actor_of, administrators, signed_in
from ringfence.portal.calls.hours import calls_by_hour
from ringfence.portal.client_address import client_address
from ringfence.portal.people.changes import set_password
from ringfence.portal.problems import Forbidden, LockedOut, Refused, refuse
from ringfence.portal.security.weblogin import is_locked_out, locked_out, remember_administrator
from ringfence.portal.system.forms import ChangePasswordForm, SetupForm, SignInForm
from ringfence.portal.system.models import Installation
from ringfence.portal.system.numbers import dashboard_numbers
from ringfence.portal.system.setup import set_up
from ringfence.portal.tenants.models import Tenant

BACKEND = "django.contrib.auth.backends.ModelBackend"


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
            login(request, person, BACKEND)
            remember_administrator(person, client_address(request))
            return HttpResponseRedirect("/")
    return render(request, "system/setup.html", {"form": form}, status=422 if form.errors else 200)


def _refuse_typing_error(cleaned: dict[str, Any]) -> None:
    if cleaned["password"] != cleaned["again"]:
        raise refuse("again", "password.not_equal", "The two passwords differ.")


def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST or None)
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if form.is_valid():
        username, password = form.cleaned_data["username"].lower(), normalized(form.cleaned_data["password"])
        if is_locked_out(request, username):
            return locked_out(request)
        person = authenticate(request, username=username, password=password)
        if person is not None:
            login(request, person)
            remember_administrator(person, client_address(request))
            return HttpResponseRedirect(_safe(request, wanted))
        form.add_error(None, "The username or the password is wrong.")
    return render(request, "system/sign_in.html", {"form": form, "next": wanted}, status=401 if form.errors else 200)


def _safe(request: HttpRequest, wanted: str) -> str:
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=True) else "/"


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect("/sign-in")


@administrators
def dashboard(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    facts = {**dashboard_numbers(actor), "tenants": Tenant.objects.visible_to(actor).exists()}
    return render(request, "system/dashboard.html", facts)


@administrators
def numbers(request: HttpRequest) -> HttpResponse:
    return render(request, "system/numbers.html", dashboard_numbers(actor_of(request)))


@administrators
def calls_chart(request: HttpRequest) -> HttpResponse:
    return JsonResponse(calls_by_hour(actor_of(request)))


@signed_in
def change_password(request: HttpRequest) -> HttpResponse:
    person = request.user
    assert person.is_authenticated
    form = ChangePasswordForm(request.POST or None)
    if form.is_valid():
        try:
            _refuse_wrong_current(request, form.cleaned_data["current"])
            _refuse_typing_error(form.cleaned_data)
            set_password(actor_of(request), person, form.cleaned_data["password"])
        except LockedOut:
            return locked_out(request)
        except Refused as refused:
            form.explain(refused)
        else:
            update_session_auth_hash(request, person)
            messages.success(request, "Your password is changed. Other sessions and API tokens have ended.")
            return HttpResponseRedirect("/")
    facts = {"form": form, "title": "Change Password", "button": "Change Password", "back": "/", "rules": True}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


def _refuse_wrong_current(request: HttpRequest, current: str) -> None:
    """Counts as a failed sign-in, or a stolen session could try passwords without end."""
    username = request.user.username
    if is_locked_out(request, username):
        raise LockedOut
    if authenticate(request, username=username, password=normalized(current)) is None:
        raise refuse("current", "password.wrong", "This is not your current password.")


class FormTooOld(Forbidden):
    error_id = "form.too_old"
    title = "This form is too old"


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's protection against forged requests did not fit: usually a page left open over a sign-out."""
    refused = FormTooOld(detail="Nothing was changed. Open the page again and repeat what you did.")
    return render(request, "system/refused.html", {"refused": refused}, status=refused.status)
