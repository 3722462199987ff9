"""The portal's sign-in limit (reference: "Login Security Controls"): blocks an address here, never from SIP."""

from datetime import timedelta
from typing import Any, Final

from axes.handlers.proxy import AxesProxyHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ringfence.portal import guard
from ringfence.portal.client_address import client_address
from ringfence.portal.people.models import Person
from ringfence.portal.problems import LockedOut, problem_response
from ringfence.portal.security.models import SecurityValues
from ringfence.portal.signin import guessing

ADMINISTRATOR_PROTECTION: Final = 12 * 3600
"""Seconds for which the address of a signed-in administrator can never be banned."""


def failure_limit(request: HttpRequest, credentials: dict[str, Any] | None) -> int:
    """The failure that closes the door: one more than the setting, because "exceeds" means more than.

    The first one for a strange address while an account is guessed at from many.
    """
    username = (credentials or {}).get("username", "")
    if username and guessing.is_careful(username, client_address(request), block_time(request)):
        return 1
    return SecurityValues.current().web_failed_login_limit + 1


def block_time(request: HttpRequest) -> timedelta:
    return timedelta(seconds=SecurityValues.current().web_login_block)


def is_locked_out(request: HttpRequest, username: str) -> bool:
    return not AxesProxyHandler.is_allowed(request, {"username": username})


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """What a blocked address sees."""
    minutes = max(1, round(block_time(request).total_seconds() / 60))
    refused = LockedOut(detail=f"Too many failed sign-ins from this address. Try again in {minutes} minutes.")
    if request.path.startswith("/api/"):
        return problem_response(request, refused)
    return render(request, "system/refused.html", {"refused": refused}, status=refused.status)


def remember_administrator(person: Person, address: str) -> None:
    """Puts the acting system administrator's address into the never-block set; nobody else gets there by signing in."""
    if person.is_system_administrator and address:
        guard.tell("never-block.admin", address=address, seconds=ADMINISTRATOR_PROTECTION)
