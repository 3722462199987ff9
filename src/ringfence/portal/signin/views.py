"""Pages: sign in, the second step, prove it is you, sign out."""

from typing import Any, Final

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from ringfence.policy.people.passwords import normalized
from ringfence.portal.access import signed_in
from ringfence.portal.client_address import client_address, counted_address
from ringfence.portal.language import told
from ringfence.portal.people.models import Person
from ringfence.portal.problems import Forbidden, LockedOut, Refused
from ringfence.portal.security.weblogin import is_locked_out, locked_out
from ringfence.portal.signin import factors, guessing, sessions
from ringfence.portal.signin.forms import CodeForm, PasskeyForm, ProvePasswordForm, SignInForm
from ringfence.portal.webaccess.gate import refuse_from_elsewhere

PENDING: Final = "pending_sign_in"
PENDING_SECONDS: Final = 300
TRIES: Final = 5
WRONG: Final = "The username or the password is wrong."


def sign_in(request: HttpRequest) -> HttpResponse:
    """The first step. Unknown, inactive and wrong look and last alike (Django hashes for an unknown name too)."""
    form = SignInForm(request.POST or None)
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if form.is_valid():
        username = form.cleaned_data["username"].lower()
        if is_locked_out(request, username):
            return locked_out(request)
        person = authenticate(request, username=username, password=normalized(form.cleaned_data["password"]))
        if person is not None:
            return _first_step_done(request, person, wanted)
        sessions.record_refusal(request, username)
        form.add_error(None, told(WRONG))
    facts = {"form": form, "next": wanted, "passkeys": passkeys_work_here(request)}
    return render(request, "signin/sign_in.html", facts, status=401 if form.errors else 200)


def _first_step_done(request: HttpRequest, person: Person, wanted: str) -> HttpResponse:
    if not factors.has_second_factor(person):
        return _arrive(request, person, "password", wanted)
    request.session.cycle_key()
    request.session[PENDING] = {
        "person": person.pk,
        "at": timezone.now().timestamp(),
        "proof": person.get_session_auth_hash(),
        "next": wanted,
        "tries": TRIES,
    }
    return HttpResponseRedirect("/sign-in/second")


def _arrive(request: HttpRequest, person: Person, proved: str, wanted: str) -> HttpResponse:
    request.session.pop(PENDING, None)
    sessions.begin(request, person, proved)
    guessing.forget_failures(person.username, counted_address(request))
    return HttpResponseRedirect(safe(request, wanted))


def second_step(request: HttpRequest) -> HttpResponse:
    """A code, or a passkey, after the right password. Nothing else is open meanwhile, recovery included."""
    person, pending = _pending(request)
    if person is None:
        return HttpResponseRedirect("/sign-in")
    refuse_from_elsewhere(client_address(request), person.tenant_id is None)
    if is_locked_out(request, person.username):
        return locked_out(request)
    form, passkey = CodeForm(request.POST if "code" in request.POST else None), _sent_passkey(request)
    try:
        if passkey is not None:
            factors.prove_passkey(person, passkey)
            return _arrive(request, person, "password, passkey", pending["next"])
        if form.is_valid() and factors.code_fits(person, form.cleaned_data["code"]):
            return _arrive(request, person, "password, code", pending["next"])
    except LockedOut as refused:
        return _second_page(request, person, refused.detail)
    except Refused as refused:
        return _wrong_factor(request, person, pending, refused.detail)
    if form.is_bound and form.is_valid():
        return _wrong_factor(request, person, pending, "This code does not fit. Wait for the next one and try again.")
    return _second_page(request, person)


def _wrong_factor(request: HttpRequest, person: Person, pending: dict[str, Any], detail: str) -> HttpResponse:
    guessing.count_failure(request, person.username)
    sessions.record_refusal(request, person.username, "wrong second factor")
    pending["tries"] -= 1
    request.session[PENDING] = pending
    if pending["tries"] <= 0:
        request.session.flush()
        return HttpResponseRedirect("/sign-in")
    return _second_page(request, person, detail)


def _second_page(request: HttpRequest, person: Person, refused: str = "") -> HttpResponse:
    facts = {
        "form": CodeForm(),
        "refused": refused,
        "has_codes": factors.has(person, factors.TYPES.TOTP) or factors.codes_left(person) is not None,
        "has_passkey": factors.has(person, factors.TYPES.WEBAUTHN),
    }
    return render(request, "signin/second.html", facts, status=401 if refused else 200)


def _pending(request: HttpRequest) -> tuple[Person | None, dict[str, Any]]:
    """Who gave the right password a moment ago and may still sign in."""
    pending: dict[str, Any] = request.session.get(PENDING) or {}
    if not pending or not 0 <= timezone.now().timestamp() - pending["at"] < PENDING_SECONDS:
        return None, {}
    person = Person.objects.filter(pk=pending["person"], is_active=True).first()
    if person is None or person.get_session_auth_hash() != pending["proof"]:
        return None, {}
    return person, pending


def _sent_passkey(request: HttpRequest) -> dict[str, Any] | None:
    form = PasskeyForm(request.POST if "credential" in request.POST else None)
    return form.cleaned_data["credential"] if form.is_valid() else None


@require_POST
def sign_in_with_passkey(request: HttpRequest) -> HttpResponse:
    """A passkey is two factors: the device, and the finger or PIN that unlocked it (user verification is required)."""
    if is_locked_out(request, ""):
        return locked_out(request)
    credential = _sent_passkey(request)
    try:
        person = factors.passkey_owner(credential or {})
    except Refused as refused:
        guessing.count_failure(request, "passkey")
        sessions.record_refusal(request, "", "passkey")
        form = SignInForm()
        facts = {"form": form, "next": "", "passkeys": True, "refused": refused.detail}
        return render(request, "signin/sign_in.html", facts, status=401)
    if not person.is_active:
        raise Forbidden(detail="This account is switched off.")
    refuse_from_elsewhere(client_address(request), person.tenant_id is None)
    return _arrive(request, person, "passkey", request.POST.get("next", ""))


@require_GET
def passkey_options(request: HttpRequest) -> HttpResponse:
    """The challenge for the browser's dialogue."""
    person = request.user if request.user.is_authenticated else _pending(request)[0]
    return JsonResponse(factors.passkey_request(person))


def passkeys_work_here(request: HttpRequest) -> bool:
    """Browsers bind passkeys to a host name; an address has none (WebAuthn 5.1.2)."""
    host, _ = split_domain_port(request.get_host())
    return not (host.startswith("[") or host.replace(".", "").isdigit())


@signed_in
def prove(request: HttpRequest) -> HttpResponse:
    """Asks again who it is before something that touches security. With a second factor the password is not enough."""
    person = request.user
    assert person.is_authenticated
    wanted, refused = request.POST.get("next") or request.GET.get("next", ""), ""
    if is_locked_out(request, person.username):
        return locked_out(request)
    strong = factors.has_second_factor(person)
    if request.method == "POST":
        refused = _what_is_wrong(request, person, strong)
        if not refused:
            sessions.rotate(request)
            request.session[sessions.PROVED_AT] = timezone.now().timestamp()
            return HttpResponseRedirect(safe(request, wanted))
        sessions.record(person, client_address(request), "session.proof_refused")
    facts = {
        "form": CodeForm() if strong else ProvePasswordForm(),
        "refused": refused,
        "next": wanted,
        "has_passkey": factors.has(person, factors.TYPES.WEBAUTHN),
    }
    return render(request, "signin/prove.html", facts, status=401 if refused else 200)


def _what_is_wrong(request: HttpRequest, person: Person, strong: bool) -> str:
    """Empty when the passkey, the code or, without a second factor, the password is right. Failures count."""
    try:
        if (credential := _sent_passkey(request)) is not None:
            factors.prove_passkey(person, credential)
            return ""
        if strong and factors.code_fits(person, request.POST.get("code", "")):
            return ""
    except LockedOut as refused:
        return refused.detail
    except Refused as refused:
        guessing.count_failure(request, person.username)
        return refused.detail
    if strong:
        guessing.count_failure(request, person.username)
    elif authenticate(request, username=person.username, password=normalized(request.POST.get("password", ""))):
        return ""
    return "This is not right."


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        sessions.record(request.user, client_address(request), "session.ended")
    sessions.end(request)
    return HttpResponseRedirect("/sign-in")


def safe(request: HttpRequest, wanted: str) -> str:
    """Only addresses of this portal; anything else is the start page."""
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=True) else "/"
