"""The REST API: one router per app, one way to authenticate, one shape of error (RFC 9457)."""

import logging
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Final

from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from ringfence import __version__
from ringfence.policy.settings import Problem
from ringfence.portal.actor import Actor
from ringfence.portal.audit.refusals import note_refusal
from ringfence.portal.busy_database import Busy, is_busy
from ringfence.portal.full_disk import NoRoom, is_full
from ringfence.portal.people import tokens
from ringfence.portal.problems import Conflict, Forbidden, NotFound, NotSignedIn, Refused, problem_response
from ringfence.portal.rest.contract import CONTRACT
from ringfence.portal.rest.description import DescribedAPI
from ringfence.portal.rest.parser import JsonOnly
from ringfence.portal.rest.rates import RATES
from ringfence.portal.security.models import SecurityValues
from ringfence.portal.webaccess.gate import refuse_from_elsewhere

log = logging.getLogger(__name__)


class InternalFault(Refused):
    status = 500
    error_id = "internal.fault"
    title = "This is a fault of the system, not of the request"


class BearerToken(HttpBearer):
    """Sets `request.auth` to the Actor."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        found = tokens.bearer(token)
        if found is None:
            return None
        RATES.take(found.digest, SecurityValues.current().web_api_requests)
        if not found.person.administers:
            raise Forbidden(detail="The REST API is for administrators.")
        actor = tokens.admit(found, request)
        refuse_from_elsewhere(actor.address, actor.above_tenants)
        return actor


def signed_in_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The API description is shown to whoever holds a session or a token."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if request.user.is_authenticated or (scheme.lower() == "bearer" and tokens.bearer(token.strip())):
            return view(request, *args, **kwargs)
        return problem_response(request, NotSignedIn())

    return guarded


api = DescribedAPI(
    title="Ringfence",
    version=__version__,
    urls_namespace="api",
    docs_url=None,
    openapi_url="/openapi.json",
    docs_decorator=signed_in_only,
    auth=BearerToken(),
    parser=JsonOnly(),
    description="Errors are problem documents (RFC 9457) that name the field and the rule.",
)


@api.exception_handler(Refused)
def on_refused(request: HttpRequest, error: Refused) -> HttpResponse:
    if isinstance(error, Forbidden):
        note_refusal(getattr(request, "auth", None), request, error)
    return problem_response(request, error)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    problems = [_problem(item) for item in error.errors]
    told = " ".join(f"{problem.field}: {problem.message}." for problem in problems)
    return problem_response(request, Refused(problems, told, error_id="request.invalid"))


@api.exception_handler(AuthenticationError)
def on_unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem_response(
        request, NotSignedIn(detail="Send a valid bearer token; get one from POST /api/v1/auth/token.")
    )


@api.exception_handler(Http404)
def on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem_response(request, NotFound())


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, Refused):  # Ninja wraps whatever its parser raises
        return problem_response(request, error.__cause__)
    refused = Refused(detail=str(error), error_id="request.malformed")
    refused.status = error.status_code
    return problem_response(request, refused)


@api.exception_handler(IntegrityError)
def on_collision(request: HttpRequest, error: IntegrityError) -> HttpResponse:
    """Two requests made the same thing at the same moment; the database let one win."""
    log.warning("%s %s collided: %s", request.method, request.path, error)
    return problem_response(request, Conflict(detail="Somebody else made the same thing at this moment; look again."))


@api.exception_handler(Exception)
def on_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    if is_full(error):
        return problem_response(request, NoRoom())
    if is_busy(error):
        return problem_response(request, Busy())
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem_response(request, InternalFault(detail="The fault was logged; nothing was changed by this request."))


def _problem(item: dict[str, Any]) -> Problem:
    place = [str(part) for part in item.get("loc", ()) if str(part) not in ("body", "query", "path", "payload")]
    kind = str(item.get("type", "invalid"))
    message = PLAINER.get(kind) or str(item.get("msg", "This value is not valid")).rstrip(".")
    return Problem(".".join(place), f"request.{kind}", message)


PLAINER: Final = {"missing": "This field is required", "extra_forbidden": "There is no such field here"}
"""What pydantic says of the most frequent faults, in words for somebody who does not know pydantic."""


ROUTERS: Final = (
    ("sign-in", "signin.api"),
    ("language", "signin.own_language"),
    ("system", "system.api"),
    ("tenants", "tenants.api"),
    ("people", "people.api"),
    ("calling", "people.calling_api"),
    ("directory", "people.directory_api"),
    ("media of extensions", "people.media_api"),
    ("media of tenants", "tenants.media_api"),
    ("signaling of tenants", "tenants.signaling_api"),
    ("security", "security.api"),
    ("address entries", "security.entries_api"),
    ("own bans", "security.own_bans"),
    ("notices", "notices.api"),
    ("trunks", "trunks.api"),
    ("inbound", "inbound.api"),
    ("calls", "calls.control_api"),
    ("spending", "spending.api"),
    ("audit", "audit.api"),
    ("outbound", "outbound.api"),
    ("confirm", "confirm.api"),
    ("web access", "webaccess.api"),
    ("certificates of an authority", "acme.api"),
    ("firewall", "firewall.api"),
    ("transports", "transports.api"),
    ("certificates of domains", "transports.certificates_api"),
    ("certificates of phones", "phonecertificates.api"),
    ("voice network", "network.api"),
    ("retention", "retention.api"),
    ("sbc", "sbc.api"),
    ("voicemail", "voicemail.api"),
    ("recordings", "recordings.api"),
    ("answering", "answering.api"),
    ("time conditions", "answering.timed_api"),
    ("backups", "backups.api"),
    ("doctor", "doctor.api"),
    ("provisioning", "provisioning.api"),
)
"""What the API is made of: the tag in its description, and the module below this package whose `router` it is."""


def _mount() -> None:
    api.add_decorator(CONTRACT.keep)
    for tag, module in ROUTERS:
        api.add_router("", import_module(f"ringfence.portal.{module}").router, tags=[tag])
    CONTRACT.learn(api)


_mount()
