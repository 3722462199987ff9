"""Hands out the files of phones: nothing else of the portal is so open to strangers, and nothing tells them less.

A guessed directory, a known MAC without its directory, a closed window: the same answer after the same work.
"""

import base64
import binascii
import hmac
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from ringfence.policy.addresses import AddressProblem, ban_key
from ringfence.policy.scope import Scope
from ringfence.portal import guard
from ringfence.portal.actor import Actor
from ringfence.portal.audit.chain import append
from ringfence.portal.client_address import client_address
from ringfence.portal.problems import Refused
from ringfence.portal.provisioning.admission import Door, Fetch, Refusal, is_alarming, refusal
from ringfence.portal.provisioning.directory import digest_of, login_of
from ringfence.portal.provisioning.models import Opening, Phone, ProvisioningRules
from ringfence.portal.provisioning.render import Login, text_of
from ringfence.portal.provisioning.sheet import NoTransport, sheet_of
from ringfence.portal.provisioning.sweeps import SWEEPS
from ringfence.portal.provisioning.vendors import PROFILES, File, Vendor
from ringfence.portal.sealing import SealBroken
from ringfence.portal.security.models import SecurityValues

log = logging.getLogger(__name__)

RULE: Final = "provisioning.sweep"
ACTOR: Final = "provisioning"
NEVER: Final = datetime.min.replace(tzinfo=UTC)


@csrf_exempt
def file_of_a_phone(request: HttpRequest, token: str = "", name: str = "") -> HttpResponse:
    """`/provisioning/<directory>/<file>`, everything else below `/provisioning/`, and files of phones elsewhere."""
    address = client_address(request)
    if request.method not in ("GET", "HEAD") or _is_shut_out(address):
        return nothing()
    phone = _found(token)
    if phone is None or phone.token_digest != digest_of(token):
        if phone is None:
            _count_miss(address)
        return nothing()
    return _answer(request, phone, name, Fetch(address, request.headers.get("User-Agent", ""), timezone.now()))


def nothing() -> HttpResponse:
    """What there is for whoever knows no directory."""
    return HttpResponse("Not found\n", status=404, content_type="text/plain; charset=utf-8")


def _found(token: str) -> Phone | None:
    """The phone of this directory, or of the one before it: an old address is no guess, and gets nothing."""
    digest = digest_of(token)
    return Phone.objects.whole().filter(Q(token_digest=digest) | Q(previous_digest=digest)).first()


def _answer(request: HttpRequest, phone: Phone, name: str, fetch: Fetch) -> HttpResponse:
    door = _door(phone)
    why = refusal(door, fetch)
    if why is not None:
        return _refused(phone, door, why, fetch)
    file = PROFILES[Vendor(phone.vendor)].file(name, phone.mac)
    if file is None:
        return nothing()
    try:
        login = login_of(phone)
        if login is not None and not _is_logged_in(request, login):
            return _ask_login(request, fetch.address)
        return _handed_over(request, phone, file, fetch)
    except (SealBroken, NoTransport) as error:
        log.error("no file for phone %s: %s", phone.pk, error)
        return nothing()


def _door(phone: Phone) -> Door:
    rules = ProvisioningRules.of(phone.tenant)
    is_always = phone.opening == Opening.ALWAYS
    open_until = None if is_always else phone.open_until or NEVER
    return Door(
        mac=phone.mac,
        networks=tuple(phone.networks or rules.networks),
        open_until=open_until if phone.extension.person.is_active else NEVER,
        bound_to="" if is_always else phone.bound_to,
        grace_minutes=phone.grace_minutes,
    )


def _handed_over(request: HttpRequest, phone: Phone, file: File, fetch: Fetch) -> HttpResponse:
    """The first fetch starts the end of the window; of two at once, one is the first."""
    body = text_of(file.template, sheet_of(phone, _base(request)))
    if request.method == "GET" and not _take(phone, fetch):
        return nothing()
    response = HttpResponse(body if request.method == "GET" else b"", content_type=file.content_type)
    response["Content-Length"] = str(len(body.encode()))  # HEAD tells it too (RFC 9110 section 9.3.2)
    response["Cache-Control"] = "no-store"
    return response


def _take(phone: Phone, fetch: Fetch) -> bool:
    came = {"fetched_at": fetch.now, "fetched_from": fetch.address}
    if phone.opening == Opening.ALWAYS or phone.bound_to:
        Phone.objects.filter(pk=phone.pk).update(**came)
        return True
    ends = fetch.now + timedelta(minutes=phone.grace_minutes)
    window: dict[str, Any] = {"bound_to": _key(fetch.address), "open_until": min(ends, phone.open_until or ends)}
    with transaction.atomic():
        unclaimed = Phone.objects.filter(pk=phone.pk, bound_to="", token_digest=phone.token_digest)
        if not unclaimed.filter(open_until__gt=fetch.now).update(**came, **window):
            return _is_own_neighbour(phone, fetch, came)
        _write_down("phone.fetched", phone, fetch, {})
    return True


def _is_own_neighbour(phone: Phone, fetch: Fetch, came: dict[str, Any]) -> bool:
    """Some phones ask for several files at once: what comes from where the first came a moment before is the same
    phone. By the clock of now: a window that closed with that fetch is closed.
    """
    own = Phone.objects.filter(pk=phone.pk, bound_to=_key(fetch.address), token_digest=phone.token_digest)
    return bool(own.filter(open_until__gt=timezone.now()).update(**came))


def _refused(phone: Phone, door: Door, why: Refusal, fetch: Fetch) -> HttpResponse:
    """Whoever has the directory and may not have the file is told of once in each window, not at each try."""
    if is_alarming(door, why):
        with transaction.atomic():
            if Phone.objects.filter(pk=phone.pk, refused_at=None).update(refused_at=fetch.now):
                _write_down("phone.refused", phone, fetch, {"why": why.value})
    if why is Refusal.OTHER_PHONE:
        return HttpResponse("Forbidden\n", status=403, content_type="text/plain; charset=utf-8")
    return nothing()


def _write_down(action: str, phone: Phone, fetch: Fetch, said: dict[str, str]) -> None:
    told = {**said, "user_agent": fetch.user_agent[:128]}
    changes = {name: {"old": None, "new": value} for name, value in told.items()}
    append(Actor(ACTOR, fetch.address), action, str(phone.pk), str(phone), changes, phone.tenant_id)


def _is_logged_in(request: HttpRequest, login: Login) -> bool:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    try:
        told = base64.b64decode(sent.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    wanted = f"{login.user}:{login.password}".encode()
    return scheme.lower() == "basic" and hmac.compare_digest(told, wanted)


def _ask_login(request: HttpRequest, address: str) -> HttpResponse:
    """A wrong login is a guess; a phone that was not asked before is none."""
    if "Authorization" in request.headers:
        _count_miss(address)
    response = HttpResponse("Unauthorized\n", status=401, content_type="text/plain; charset=utf-8")
    response["WWW-Authenticate"] = 'Basic realm="provisioning", charset="UTF-8"'
    return response


def _base(request: HttpRequest) -> str:
    """How the phone came is how it shall come again, so a file fetched over HTTPS never names HTTP."""
    host = request.META.get("HTTP_HOST", "")
    return f"{request.scheme}://{host}" if host and all(one.isalnum() or one in ".-:[]" for one in host) else ""


def _key(address: str) -> str:
    try:
        return ban_key(address)
    except AddressProblem:
        return ""


def _is_shut_out(address: str) -> bool:
    """A ban of the guard; while it does not answer, the count alone."""
    key = _key(address)
    if not key:
        return True
    try:
        door = guard.ask("bans.at-door", timeout=1.0, address=address, scope=Scope.PROVISIONING)
    except (guard.GuardSilent, Refused):
        return SWEEPS.is_closed(key, time.monotonic())
    return bool(door.get("banned"))


def _count_miss(address: str) -> None:
    settings = SecurityValues.current()
    if not settings.web_provisioning_enabled:
        return
    now, key = time.monotonic(), _key(address)
    count = SWEEPS.miss(key, now)
    if count > settings.web_provisioning_limit:
        _close(address, key, count, now)


def _close(address: str, key: str, count: int, now: float) -> None:
    settings = SecurityValues.current()
    try:
        guard.ask(
            "bans.add",
            timeout=1.0,
            address=address,
            scope=Scope.PROVISIONING,
            seconds=settings.web_provisioning_block,
            rule=RULE,
            reason=f"{count} unknown provisioning addresses (more than {settings.web_provisioning_limit} are a sweep)",
            by="portal",
            evidence={"count": count, "limit": settings.web_provisioning_limit},
        )
    except guard.GuardSilent:
        SWEEPS.close(key, now + settings.web_provisioning_block, now)
    except Refused:  # an allowed or protected address: it is never banned, and its guesses lead nowhere
        SWEEPS.open(key)
    else:
        SWEEPS.open(key)
