"""The portal's sign-in limit (reference: "Login Security Controls"): blocks an address here, never from SIP.

Failures are counted here; the block itself is a ban of scope web in the guard, so it is listed, explained and lifted
like any other, also from the command line. Only signing in is refused: who is signed in behind the same address stays
and can lift it. While the guard does not answer, or refuses because the address may never be banned, the count alone
refuses.
"""

from datetime import timedelta
from typing import Any, Final

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from axes.utils import reset
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ringfence.policy.scope import Scope
from ringfence.portal import guard
from ringfence.portal.client_address import client_address, counted_address
from ringfence.portal.people.models import Person
from ringfence.portal.problems import LockedOut, Refused, problem_response
from ringfence.portal.security.models import SecurityValues
from ringfence.portal.signin import guessing

ADMINISTRATOR_PROTECTION: Final = 12 * 3600
"""Seconds for which the address of a signed-in administrator can never be banned."""

RULE: Final = "weblogin.failures"
NEVER: Final = 1 << 30
"""A limit nobody reaches: the protection is switched off."""

LISTED: Final = 20


def failure_limit(request: HttpRequest, credentials: dict[str, Any] | None) -> int:
    """The failure that closes the door: one more than the setting, because "exceeds" means more than.

    The first one for a strange address while an account is guessed at from many.
    """
    settings = SecurityValues.current()
    if not settings.web_login_enabled:
        return NEVER
    username = (credentials or {}).get("username", "")
    if username and guessing.is_careful(username, client_address(request), block_time(request)):
        return 1
    return settings.web_failed_login_limit + 1


def block_time(request: HttpRequest) -> timedelta:
    return timedelta(seconds=SecurityValues.current().web_login_block)


def is_locked_out(request: HttpRequest, username: str) -> bool:
    """Whether this address may not try to sign in now."""
    address = counted_address(request)
    if not SecurityValues.current().web_login_enabled or not address:
        return not AxesProxyHandler.is_allowed(request, {"username": username})
    too_many = not AxesProxyHandler.is_allowed(request, {"username": username})
    try:
        door = guard.ask("bans.at-door", timeout=1.0, address=address, scope=Scope.WEB)
    except (guard.GuardSilent, Refused):
        return too_many
    if door.get("banned"):
        return True
    if too_many and _ended_since(address, door.get("ended")):
        reset(ip=address)
        return False
    if too_many:
        close_door(request)
    return too_many


def close_door(request: HttpRequest) -> None:
    """Makes the guard list what the count has closed. A refusal or silence changes nothing: the count still refuses."""
    address = counted_address(request)
    failures = _failures(address)
    count = sum(failure.failures_since_start for failure in failures)
    limit = SecurityValues.current().web_failed_login_limit
    guard.tell(
        "bans.add",
        address=address,
        scope=Scope.WEB,
        seconds=SecurityValues.current().web_login_block,
        rule=RULE,
        reason=f"{count} failed portal logins (more than {limit} are not allowed)",
        by="portal",
        evidence={
            "count": count,
            "limit": limit,
            "accounts": [str(failure.username)[:128] for failure in failures[:LISTED]],
            "distinct_accounts": len(failures),
            "user_agents": sorted({failure.user_agent[:128] for failure in failures})[:LISTED],
            "first_at": min((failure.attempt_time.timestamp() for failure in failures), default=None),
            "last_at": max((failure.attempt_time.timestamp() for failure in failures), default=None),
        },
    )


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


def _failures(address: str) -> list[AccessAttempt]:
    return list(AccessAttempt.objects.filter(ip_address=address).order_by("-attempt_time"))


def _ended_since(address: str, ended: float | None) -> bool:
    """Whether the last ban of this address ended after its last failure: it was lifted, or ran out."""
    last = max((failure.attempt_time.timestamp() for failure in _failures(address)), default=0.0)
    return ended is not None and ended >= last
