"""NOTIFY for busy lamps, presence and messages, as the SIP core sends it for us (RFC 4235, 3863, 4480 and 3842).

A lamp tells that an extension rings or talks, and not with whom.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from xml.sax.saxutils import quoteattr

from ringfence.corelink import Core
from ringfence.guard.lamps.watches import Counts, Facts, Notice
from ringfence.guard.live.standing import Standing
from ringfence.policy.people.lamps import MESSAGES, PRESENCE

NOWHERE: Final = "."
"""What `tm.t_uac_start` takes for a value that is not given."""

DIALOG_INFO: Final = "application/dialog-info+xml"
PIDF: Final = "application/pidf+xml"
MESSAGE_SUMMARY: Final = "application/simple-message-summary"

log = logging.getLogger(__name__)


class Notifier:
    """Sends one NOTIFY after the other, in a thread of its own: the core may be restarting."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="notify")

    def send_due(self, standing: Standing, now: float) -> None:
        """Tells every watcher what has changed since the last time. `now` is Unix time."""
        for notice in standing.watches.due(now, standing.calls.of):
            online = bool(standing.registrations.line_of(str(notice.event["watched"]), now))
            self._sender.submit(self._send, request_of(notice, online, now))

    def close(self) -> None:
        self._sender.shutdown(wait=False, cancel_futures=True)

    def _send(self, request: tuple[str, ...]) -> None:
        if not self._core.ask("tm.t_uac_start", *request):
            log.info("a NOTIFY was not sent: the core does not answer or cannot reach the watcher")


def request_of(notice: Notice, online: bool, now: float) -> tuple[str, ...]:
    """Method, Request-URI, next hop, socket, headers and body."""
    event = notice.event
    left = max(0, int(float(event["expires_at"]) - now))
    state = "terminated;reason=timeout" if notice.ends else f"active;expires={left}"
    kind, body = _document(notice, online)
    headers = (
        f"From: <sip:{event['watched']}>;tag={event['own_tag']}",
        f"To: <sip:{event['watcher']}>;tag={event['watcher_tag']}",
        f"Call-ID: {event['sip_call_id']}",
        f"CSeq: {notice.number} NOTIFY",
        f"Contact: <sip:{event['watched']}>",
        f"Event: {event['event']}",
        f"Subscription-State: {state}",
        *((f"Content-Type: {kind}",) if body else ()),
    )
    text = "".join(f"{header}\r\n" for header in headers)
    return "NOTIFY", str(event["device"]), str(event["hop"]), NOWHERE, text, body


def _document(notice: Notice, online: bool) -> tuple[str, str]:
    watched = str(notice.event["watched"])
    if notice.event["event"] == MESSAGES:
        return MESSAGE_SUMMARY, message_summary(watched, notice.messages)
    if notice.event["event"] == PRESENCE:
        return PIDF, presence(watched, notice.calls, online)
    return DIALOG_INFO, dialog_info(watched, notice.number, notice.calls)


def message_summary(aor: str, messages: Counts | None) -> str:
    """How many messages wait. Until they are counted nothing is said, rather than that there are none: a light that is
    lit stays lit (RFC 6665 section 4.2.1.2).
    """
    if messages is None:
        return ""
    new, old = messages
    waiting = "yes" if new else "no"
    return f"Messages-Waiting: {waiting}\r\nMessage-Account: sip:{aor}\r\nVoice-Message: {new}/{old} (0/0)\r\n"


def dialog_info(aor: str, version: int, calls: list[Facts]) -> str:
    """All calls of an extension; without any, one that has ended: some phones keep the lamp lit otherwise."""
    rows = [
        f'<dialog id={quoteattr(call_id)} direction="{direction}">'
        f"<state>{'confirmed' if answered else 'early'}</state></dialog>"
        for call_id, direction, answered in calls
    ] or [f"<dialog id={quoteattr(aor.partition('@')[0])}><state>terminated</state></dialog>"]
    return (
        '<?xml version="1.0"?>\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" '
        f'version="{version}" state="full" entity={quoteattr(f"sip:{aor}")}>{"".join(rows)}</dialog-info>\n'
    )


def presence(aor: str, calls: list[Facts], online: bool) -> str:
    """Reachable or not, and whether on the phone."""
    busy = "<rpid:on-the-phone/>" if any(answered for _, _, answered in calls) else ""
    return (
        '<?xml version="1.0"?>\n<presence xmlns="urn:ietf:params:xml:ns:pidf" '
        'xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" '
        f'entity={quoteattr(f"sip:{aor}")}><tuple id="phone"><status><basic>{"open" if online else "closed"}</basic>'
        f'</status></tuple><dm:person id="person"><rpid:activities>{busy}</rpid:activities></dm:person></presence>\n'
    )
