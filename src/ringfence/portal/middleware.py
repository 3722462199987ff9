"""What every request passes: strict headers, the setup gate, refusals turned into answers."""

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone

from ringfence.portal.audit.refusals import note_refusal
from ringfence.portal.busy_database import Busy, is_busy
from ringfence.portal.client_address import client_address
from ringfence.portal.full_disk import NoRoom, is_full
from ringfence.portal.problems import Forbidden, NotAPage, Refused, problem_response
from ringfence.portal.system.models import Installation

type Answer = Callable[[HttpRequest], HttpResponse]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
OPEN_BEFORE_SETUP: Final = ("/setup", "/api/v1/setup", "/password-check", "/healthz")
STATIC: Final = "/static/"


class SetupRequired(Forbidden):
    error_id = "setup.required"
    title = "This system is not set up yet"


def strict_headers(answer: Answer) -> Answer:
    """No script, style or frame of anybody else; nothing a page holds is kept by a cache. The browser phone alone says
    what else it needs."""

    def with_headers(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.setdefault("Content-Security-Policy", POLICY)
        response["X-Content-Type-Options"] = "nosniff"
        response["Referrer-Policy"] = (
            "same-origin"  # with "no-referrer" browsers send "Origin: null" and every form is refused
        )
        response["Cross-Origin-Opener-Policy"] = "same-origin"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if not request.path.startswith(STATIC):
            response.setdefault("Cache-Control", "no-store")
        return response

    return with_headers


def setup_gate(answer: Answer) -> Answer:
    """Until the administrator is made, nothing but the setup page answers."""

    def gated(request: HttpRequest) -> HttpResponse:
        if request.path in OPEN_BEFORE_SETUP or request.path.startswith(STATIC) or Installation.is_set_up():
            return answer(request)
        refused = SetupRequired(
            detail="Open the one-time setup link that was printed at the start; for a new one: ringfence setup-link"
        )
        if request.path.startswith("/api/"):
            return problem_response(request, refused)
        return render(request, "system/setup_required.html", status=403)

    return gated


def own_clock(answer: Answer) -> Answer:
    """Pages show times in the time zone of the tenant; people above the tenants see UTC, as the logs of a server."""

    def in_zone(request: HttpRequest) -> HttpResponse:
        person = request.user
        if request.path.startswith("/api/") or not person.is_authenticated or person.tenant is None:
            return answer(request)
        with timezone.override(_zone(person.tenant.time_zone)):
            return answer(request)

    return in_zone


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # the machine's list may have lost a name that was valid once
        return ZoneInfo("UTC")


def refusals(answer: Answer) -> Answer:
    """A refusal that a view did not show in its form becomes a page, or a problem document under /api/."""
    return RefusalAnswers(answer)


class RefusalAnswers:
    """Django calls `process_exception` when a view raises."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        if not isinstance(response, HttpResponseNotAllowed) or request.path.startswith("/api/"):
            return response
        told = refused_answer(request, NotAPage())
        told["Allow"] = response["Allow"]
        return told

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused):
            told = NoRoom() if is_full(error) else Busy() if is_busy(error) else None
            return refused_answer(request, told) if told else None
        if isinstance(error, Forbidden) and request.user.is_authenticated:
            note_refusal(request.user.acts_from(client_address(request)), request, error)
        return refused_answer(request, error)


def refused_answer(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A refusal as the caller understands it."""
    if request.path.startswith("/api/"):
        return problem_response(request, refused)
    return render(request, "system/refused.html", {"refused": refused}, status=refused.status)
