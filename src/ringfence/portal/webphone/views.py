"""The browser phone (reference: "WebRTC client", port 10443): its page, and what the page asks."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from ringfence.hosts import ports
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.sip_links import spoken_at
from ringfence.hosts.transports import Protocol, read_transports
from ringfence.portal import places
from ringfence.portal.access import actor_of, signed_in
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.people.models import Extension
from ringfence.portal.people.own import calls_of, my_extension_of
from ringfence.portal.problems import NotSignedIn, Refused, problem_response
from ringfence.portal.signin import sessions
from ringfence.portal.voicemail.models import Message
from ringfence.portal.voicemail.table import own_messages
from ringfence.portal.voicemail.waiting import counts_of
from ringfence.portal.webphone import credentials
from ringfence.portal.webphone.words import words

SHOWN: Final = 50
KEYS: Final = (
    ("1", ""), ("2", "ABC"), ("3", "DEF"), ("4", "GHI"), ("5", "JKL"), ("6", "MNO"), ("7", "PQRS"), ("8", "TUV"),
    ("9", "WXYZ"), ("*", ""), ("0", "+"), ("#", ""),
)  # fmt: skip
"""The keys of a phone with their letters (ITU-T E.161)."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'{sockets}; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
RIGHTS: Final = "camera=(self), microphone=(self), speaker-selection=(self), geolocation=()"

type Asked = Callable[[HttpRequest, Extension], HttpResponse]


@signed_in
@require_GET
def phone(request: HttpRequest) -> HttpResponse:
    """The page. On the portal's own port it sends the browser to the phone's, which opens no page of administrators."""
    extension = my_extension_of(request)
    host, port = split_domain_port(request.get_host())
    if port == str(ports.WEB_PORTAL.first):
        return HttpResponseRedirect(f"https://{host}:{ports.WEBRTC.first}/phone")
    sockets = _sockets(host)
    facts = {"extension": extension, "sockets": " ".join(sockets), "words": words(), "keys": KEYS}
    response = render(request, "webphone/phone.html", facts)
    named = ["wss:"] if host.startswith("[") else sockets  # CSP3 section 2.3.1 has no word for an IPv6 address
    response["Content-Security-Policy"] = POLICY.format(sockets="".join(f" {socket}" for socket in named))
    response["Permissions-Policy"] = RIGHTS
    patch_vary_headers(response, ["Host"])
    return response


def _sockets(host: str) -> list[str]:
    """Where browsers can speak SIP at the address they came to; none when an administrator deleted the transport.

    An SBC listens on a port of its own, whatever transports the core has.
    """
    spoken = spoken_at(host, read_transports(places.PATHS.transports))
    found = [one.port for one in spoken if one.protocol is Protocol.WSS]
    outside = ports.SBC_SIP_WSS.first
    if read_sbc(places.PATHS.sbc_switch).has_link and outside not in found:
        found.append(outside)
    return [f"wss://{host}:{port}" for port in found]


def asked_by_the_phone(view: Asked) -> Callable[[HttpRequest], HttpResponse]:
    """For the script of the page: a refusal is a problem document, never another page."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            if not request.user.is_authenticated:
                raise NotSignedIn(detail="This session has ended; sign in again.")
            return view(request, my_extension_of(request))
        except Refused as refused:
            return problem_response(request, refused)

    return guarded


@require_POST
@asked_by_the_phone
def credential(request: HttpRequest, extension: Extension) -> HttpResponse:
    """What this page registers with. The answer is the only place where the secret ever stands."""
    session = sessions.current(request)
    if session is None:
        raise NotSignedIn(detail="This session has ended; sign in again.")
    issued = credentials.issue(actor_of(request), session, extension)
    return JsonResponse(
        {
            "name": issued.name,
            "secret": issued.secret,
            "expires_at": issued.expires_at.timestamp(),
            "uri": f"sip:{extension.aor}",
            "display_name": extension.person.display_name,
        }
    )


@require_GET
@asked_by_the_phone
def state(request: HttpRequest, extension: Extension) -> HttpResponse:
    """Asked every minute: whether the session goes on, and how many messages wait."""
    new, old = counts_of(extension)
    return JsonResponse({"new_messages": new, "old_messages": old})


@require_GET
@asked_by_the_phone
def calls(request: HttpRequest, extension: Extension) -> HttpResponse:
    """The latest calls of this extension, newest first."""
    found = calls_of(extension).order_by("-started_at", "-id")[:SHOWN]
    return JsonResponse({"items": [_call(record, extension) for record in found]})


def _call(record: CallRecord, extension: Extension) -> dict[str, Any]:
    made = record.caller == extension.aor
    other = (record.number or record.dialled) if made else (record.number or record.caller)
    return {
        "id": record.pk,
        "made": made,
        "other": _shown(other, extension),
        "started_at": record.started_at.timestamp(),
        "seconds": record.duration,
        "answered": record.answered_at is not None,
    }


def _shown(party: str, extension: Extension) -> str:
    """The number to dial back: extensions of the own tenant without their domain."""
    return party.removeprefix("sip:").removesuffix(f"@{extension.tenant.domain}")


@require_GET
@asked_by_the_phone
def voicemails(request: HttpRequest, extension: Extension) -> HttpResponse:
    """The own messages, newest first; each is played from the address that marks it as heard."""
    found = own_messages(extension).order_by("-left_at")[:SHOWN]
    return JsonResponse({"items": [_message(message, extension) for message in found]})


def _message(message: Message, extension: Extension) -> dict[str, Any]:
    return {
        "id": message.pk,
        "caller": _shown(message.caller, extension),
        "left_at": message.left_at.timestamp(),
        "seconds": message.seconds,
        "heard": message.heard_at is not None,
        "audio": f"/my/voicemail/{message.pk}/audio",
    }
