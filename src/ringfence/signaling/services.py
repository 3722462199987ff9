"""Hands a call to the voice process, which answers it on loopback."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from ringfence.hosts import ports
from ringfence.policy.events import Kind
from ringfence.policy.model import PlayService, Refuse
from ringfence.signaling import calls, facts, ksr, sides
from ringfence.signaling.worker import Worker

LOOPBACK: Final = "127.0.0.1"
NEXT_HOP: Final = f"sip:{LOOPBACK}:{ports.VOICE_SIP};transport=udp"
MEDIA_FLAGS: Final = "RTP/AVP address-family=IP4 codec-transcode-PCMA"
"""The voice process speaks G.711; the media relay translates for whoever does not."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
NO_MEDIA: Final = Refuse("media.offer", 503, "Media Unavailable")


def play(verdict: PlayService, target_user: str, worker: Worker, more: Mapping[str, str] = NOTHING) -> None:
    """A call that the system itself answers from the start. `more` is what its dialog holds beside the usual."""
    caller = verdict.caller
    ksr.forget_credentials()
    ksr.remove_headers(calls.CLAIMED_IDENTITY)
    call_id = worker.new_call_id()
    started = calls.caller_fields(caller, str(verdict.service), target_user)
    if not ksr.has_sdp() or not ksr.media_offer(f"{sides.media_flags()} {MEDIA_FLAGS}"):
        ksr.reply(NO_MEDIA.code, NO_MEDIA.reason)
        calls.journal_refused_call(worker, NO_MEDIA, caller, target_user)
        return
    ksr.track_dialog()
    values = {
        "id": call_id,
        "caller": facts.party(),
        "from": caller.aor,
        "to": str(verdict.service),
        "dialled": target_user,
        "tenant": str(caller.tenant_id),
        "user": str(caller.user_id),
        "payer": verdict.payer.aor,
        "started": f"{time.time():.3f}",
        **more,
    }
    for name, value in values.items():
        ksr.set_dialog_var(name, value)
    told = {"call_id": call_id, "rule": verdict.rule, **more, "payer": verdict.payer.aor}
    worker.journal.append(Kind.CALL_STARTED, {**started, **told})
    ksr.record_route()
    _address(verdict, caller.aor)
    calls.send("ksr_reply_call", "ksr_failure_call")


def take_over(verdict: PlayService) -> bool:
    """A call that nobody took, in the failure route: its dialog and its media offer stay, its callee changes."""
    _address(verdict, ksr.dialog_var("from"))
    return ksr.on_reply("ksr_reply_call") and ksr.on_failure("ksr_failure_call") and ksr.relay()


def _address(verdict: PlayService, shown: str) -> None:
    """Where to and what for. The values are ours: addresses of record, names of announcements, our call id."""
    ksr.set_target(f"sip:{verdict.service}@{LOOPBACK}:{ports.VOICE_SIP}")
    ksr.set_next_hop(NEXT_HOP)
    said: dict[str, Any] = {
        "Argument": verdict.argument,
        "Caller": shown,
        "Call": ksr.dialog_var("id"),
        "Missed": verdict.missed or "",
    }
    for name, value in said.items():
        ksr.append_header(f"X-Ringfence-{name}: {value}")


def is_from_voice() -> bool:
    """Whether the voice process itself sent this: on loopback, and from the port that it holds."""
    return ksr.source() == LOOPBACK and ksr.source_port() == ports.VOICE_SIP and ksr.transport() == "udp"


def carry_notice(method: str) -> None:
    """A message-waiting NOTIFY (RFC 3842) to every device of an extension: all that the voice process may send."""
    if method != "NOTIFY" or ksr.text("$hdr(Event)") != "message-summary":
        ksr.reply(403, "Forbidden")
    elif not ksr.find_contacts(f"{ksr.target_user()}@{ksr.target_host()}"):
        ksr.reply(480, "Temporarily Unavailable")
    elif not ksr.relay():
        ksr.reply(500, "Server Internal Error")
