"""What stands between a signed-in person and the portal: a first password to change, a second factor to set up,
and a fresh proof of who it is before anything that touches security."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import urlencode

from ringfence.portal.people.models import Person
from ringfence.portal.security.models import SecurityValues
from ringfence.portal.signin.factors import has_second_factor
from ringfence.portal.signin.models import SecondFactor, SignInRules
from ringfence.portal.signin.sessions import PROVED_AT

type Answer = Callable[[HttpRequest], HttpResponse]

PROOF_LASTS: Final = 15 * 60
"""Seconds a proof of identity counts for what touches security (ASVS 7.5.1, 7.5.3)."""

ALWAYS_OPEN: Final = (
    *("/sign-out", "/prove", "/password-check", "/passkey/options"),
    *("/static/", "/api/", "/large-upload"),
)
CHANGE_PASSWORD: Final = "/change-password"  # noqa: S105 an address
TWO_STEP: Final = "/my/two-step"

NEEDS_PROOF: Final = (
    "/security/", "/ip-blacklist", "/blocked-addresses",
    "/tenants", "/users", "/budgets", "/rates", "/roles", "/groups", "/operators", "/web-access", "/trunks",
    "/ring-groups", "/announcements", "/time-conditions", "/voicemail", "/recordings", "/my/sessions",
    "/inbound-rules", "/number-pools", "/blocked-callers", "/transports", "/firewall", "/backups", "/doctor",
    "/phones", "/phone-certificates", "/my/phones", "/codes", "/outbound-rules", "/office-hours",
    "/password-policy", "/voice-network", "/sbc", "/kept-data", "/change-extension-password", TWO_STEP, "/my/tokens",
)  # fmt: skip
"""Below these addresses whatever changes something needs a fresh proof."""

ASK_BEFORE_SHOWING: Final = (
    TWO_STEP, "/my/tokens", "/change-extension-password", "/users/new", "/web-access/certificate",
    "/web-access/acme", "/transports/certificates/", "/phone-certificates/new",
)  # fmt: skip
"""Pages that are one form about secrets: the proof is asked for before they open, not after they were filled in."""


def duties(answer: Answer) -> Answer:
    """Middleware behind `live_session`."""

    def checked(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated or request.path.startswith(ALWAYS_OPEN):
            return answer(request)
        return _duty(request, request.user) or answer(request)

    return checked


def _duty(request: HttpRequest, person: Person) -> HttpResponse | None:
    if person.must_change_password:
        return None if request.path == CHANGE_PASSWORD else _go(request, CHANGE_PASSWORD)
    if second_factor_missing(person) and not request.path.startswith((CHANGE_PASSWORD, TWO_STEP)):
        return _go(request, TWO_STEP)
    if _wants_proof(request) and not recently_proved(request):
        return _go(request, f"/prove?{urlencode({'next': _back(request)})}")
    return None


def _wants_proof(request: HttpRequest) -> bool:
    if request.method in ("GET", "HEAD"):
        return request.path.startswith(ASK_BEFORE_SHOWING) and "HX-Request" not in request.headers
    return request.path.startswith(NEEDS_PROOF)


def _back(request: HttpRequest) -> str:
    """A form cannot be sent again by a link: back to the page it stands on."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    return request.headers.get("Referer", "/").partition(request.get_host())[2] or "/"


def _go(request: HttpRequest, where: str) -> HttpResponse:
    """htmx must not draw another page into a table."""
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = where
        return response
    return HttpResponseRedirect(where)


def recently_proved(request: HttpRequest) -> bool:
    return bool(0 <= timezone.now().timestamp() - request.session.get(PROVED_AT, 0) < PROOF_LASTS)


def second_factor_required(person: Person) -> bool:
    """By the tenant's rules; for system administrators and operators by the setting of the system."""
    if person.tenant_id is None:
        return SecurityValues.current().web_second_factor_required
    rule = SignInRules.of(person.tenant_id).second_factor
    return rule == SecondFactor.EVERYBODY or (rule == SecondFactor.ADMINISTRATORS and person.administers)


def second_factor_missing(person: Person) -> bool:
    return second_factor_required(person) and not has_second_factor(person)
