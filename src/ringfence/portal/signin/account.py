"""Pages below the profile picture: the two passwords, two-step sign-in, sessions."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from ringfence.policy.people.passwords import normalized
from ringfence.portal.access import actor_of, require, signed_in
from ringfence.portal.client_address import client_address
from ringfence.portal.people.changes import rotate_secret, set_password
from ringfence.portal.people.models import Person
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Forbidden, LockedOut, Refused, refuse
from ringfence.portal.security.weblogin import is_locked_out, locked_out
from ringfence.portal.signin import factors, sessions
from ringfence.portal.signin.duties import recently_proved, second_factor_missing, second_factor_required
from ringfence.portal.signin.forms import AppCodeForm, ChangePasswordForm, ExtensionPasswordForm, PasskeyForm
from ringfence.portal.signin.models import PortalSession
from ringfence.portal.signin.passwords import account_of, policy_for_person, verdicts
from ringfence.portal.signin.views import passkeys_work_here
from ringfence.portal.system import guide
from ringfence.portal.system.models import Installation

HISTORY = 20


def _me(request: HttpRequest) -> Person:
    person = request.user
    assert person.is_authenticated
    return person


@signed_in
def change_password(request: HttpRequest) -> HttpResponse:
    person = _me(request)
    form = ChangePasswordForm(request.POST or None)
    if form.is_valid():
        try:
            _change_password(request, person, form.cleaned_data)
        except LockedOut:
            return locked_out(request)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, "Your password is changed. Your other sessions and API tokens have ended.")
            return HttpResponseRedirect("/")
    facts = {"form": form, "first": person.must_change_password, "rules": rules_for(person)}
    return render(request, "signin/change_password.html", facts, status=422 if form.errors else 200)


def _change_password(request: HttpRequest, person: Person, cleaned: dict[str, Any]) -> None:
    """A wrong current password counts as a failed sign-in, or a stolen session could try without end."""
    if is_locked_out(request, person.username):
        raise LockedOut
    if authenticate(request, username=person.username, password=normalized(cleaned["current"])) is None:
        raise refuse("current", "password.wrong", "This is not your current password.")
    if cleaned["password"] != cleaned["again"]:
        raise refuse("again", "password.not_equal", "The two passwords differ.")
    if person.must_change_password and normalized(cleaned["password"]) == normalized(cleaned["current"]):
        raise refuse("password", "password.same", "Choose another password than the one you were given.")
    row = sessions.current(request)
    set_password(actor_of(request), person, cleaned["password"])
    update_session_auth_hash(request, person)  # gives the session a new key too
    sessions.adopt(request, row)


@require_POST
def password_check(request: HttpRequest) -> HttpResponse:
    """The rules while somebody types: the same code that decides in the end. Open until the administrator is made."""
    password = request.POST.get("password", "")
    if request.user.is_authenticated:
        person = request.user
        found = verdicts(password, account_of(person), policy_for_person(person))
    elif not Installation.is_set_up():
        found = setup_verdicts(password)
    else:
        raise Forbidden(detail="Sign in first.")
    first = next((rule["message"] for rule in found if not rule["kept"]), "")
    return render(request, "signin/rules.html", {"rules": found, "typed": bool(password), "first_broken": first})


def rules_for(person: Person) -> list[dict[str, Any]]:
    return verdicts("", account_of(person), policy_for_person(person))


def setup_verdicts(password: str) -> list[dict[str, Any]]:
    from ringfence.portal.system.setup import ADMINISTRATOR, administrators_policy

    return verdicts(password, [ADMINISTRATOR], administrators_policy())


@signed_in
def change_extension_password(request: HttpRequest) -> HttpResponse:
    """The SIP secret of your own extension. A phone with the old one is recognised as out of date."""
    person = _me(request)
    if getattr(person, "extension", None) is None:
        raise Forbidden(detail="You have no extension.")
    form = ExtensionPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            secret = rotate_secret(actor_of(request), person, form.cleaned_data["sip_secret"] or None)
        except Refused as refused:
            form.explain(refused)
        else:
            return render(request, "signin/extension_password.html", {"person": person, "secret": secret})
    facts = {
        "form": form,
        "title": "Change Extension Password",
        "button": "Change Extension Password",
        "back": "/",
        "intro": f"The password with which phones register as {person.extension.aor}. "
        "After the change every phone of this extension needs the new one.",
    }
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


@signed_in
def two_step(request: HttpRequest) -> HttpResponse:
    return _two_step_page(request, AppCodeForm())


def _two_step_page(request: HttpRequest, form: AppCodeForm, codes: list[str] | None = None) -> HttpResponse:
    person = _me(request)
    has_app = factors.has(person, factors.TYPES.TOTP)
    facts = {
        "factors": factors.factors_of(person),
        "codes_left": factors.codes_left(person),
        "new_codes": codes,
        "app": None if has_app else factors.new_totp(request, person),
        "form": form,
        "required": second_factor_required(person),
        "missing": second_factor_missing(person),
        "passkeys": passkeys_work_here(request),
        "guide": guide.current() if person.is_system_administrator else None,
    }
    return render(request, "signin/two_step.html", facts, status=422 if form.errors else 200)


@signed_in
@require_POST
def add_app(request: HttpRequest) -> HttpResponse:
    person, form = _me(request), AppCodeForm(request.POST)
    if not form.is_valid():
        return _two_step_page(request, form)
    try:
        codes = factors.activate_totp(request, person, form.cleaned_data["code"])
    except Refused as refused:
        form.explain(refused)
        return _two_step_page(request, form)
    return _factor_added(request, person, "an authenticator app", codes)


@signed_in
@require_POST
def add_passkey(request: HttpRequest) -> HttpResponse:
    person, form = _me(request), PasskeyForm(request.POST)
    code_form = AppCodeForm()
    if form.is_valid():
        try:
            codes = factors.add_passkey(person, form.cleaned_data["credential"], form.cleaned_data["name"])
        except Refused as refused:
            messages.error(request, refused.detail)
            return _two_step_page(request, code_form)
        return _factor_added(request, person, "a passkey", codes)
    messages.error(request, "The browser sent no passkey.")
    return _two_step_page(request, code_form)


def _factor_added(request: HttpRequest, person: Person, what: str, codes: list[str]) -> HttpResponse:
    """Whoever was signed in elsewhere with the password alone is out."""
    sessions.record(person, client_address(request), "second_factor.added", {"second_factor": what})
    sessions.end_others(request, person)
    sessions.rotate(request)
    messages.success(request, "Your second factor is set up.")
    if codes:
        return _two_step_page(request, AppCodeForm(), codes)
    return HttpResponseRedirect(_where_from(request))


def _where_from(request: HttpRequest) -> str:
    return "/setup/guide" if guide.current() is guide.Step.SECOND_FACTOR else "/my/two-step"


@signed_in
@require_POST
def remove_factor(request: HttpRequest, factor_id: int) -> HttpResponse:
    person = _me(request)
    name = factors.remove_factor(person, factor_id)
    sessions.record(person, client_address(request), "second_factor.removed", {"second_factor": name})
    sessions.end_others(request, person)
    messages.success(request, f"{name} is removed.")
    return HttpResponseRedirect("/my/two-step")


@signed_in
@require_POST
def new_codes(request: HttpRequest) -> HttpResponse:
    person = _me(request)
    if not factors.has_second_factor(person):
        raise refuse("id", "second_factor.none", "Recovery codes stand in for a second factor; set one up first.")
    codes = factors.new_recovery_codes(person)
    sessions.record(person, client_address(request), "second_factor.new_codes")
    return _two_step_page(request, AppCodeForm(), codes)


@signed_in
def passkey_creation(request: HttpRequest) -> HttpResponse:
    return JsonResponse(factors.passkey_creation(_me(request)))


@signed_in
def my_sessions(request: HttpRequest) -> HttpResponse:
    """Your own sessions; an administrator also sees those of the people they administer."""
    person, actor = _me(request), actor_of(request)
    may_see = actor.may(Permission.USERS_READ)
    everybody = bool(request.GET.get("everybody")) and may_see
    found = PortalSession.objects.visible_to(actor) if everybody else PortalSession.objects.filter(person=person)
    rows = list(found.open().select_related("person")[:200])
    for row in rows:
        row.is_here = sessions.is_here(request, row)  # type: ignore[attr-defined]
    facts = {
        "rows": rows,
        "everybody": everybody,
        "may_see_everybody": may_see,
        "past": [] if everybody else found.filter(ended_at__isnull=False)[:HISTORY],
        "proved": recently_proved(request),
    }
    return render(request, "signin/sessions.html", facts)


@signed_in
@require_POST
def revoke_session(request: HttpRequest, session_id: int) -> HttpResponse:
    person, actor = _me(request), actor_of(request)
    own = PortalSession.objects.filter(person=person, pk=session_id).exists()
    if not own:
        require(actor, Permission.USERS_WRITE)
    row = sessions.revoke(actor, session_id, own=own)
    messages.success(request, f"The session of {row.person.username} is over.")
    return HttpResponseRedirect("/my/sessions" if own else "/my/sessions?everybody=1")


@signed_in
@require_POST
def revoke_others(request: HttpRequest) -> HttpResponse:
    person = _me(request)
    count = sessions.end_others(request, person)
    sessions.record(person, client_address(request), "session.others_revoked", {"sessions": str(count)})
    messages.success(request, "One other session ended." if count == 1 else f"{count} other sessions ended.")
    return HttpResponseRedirect("/my/sessions")
