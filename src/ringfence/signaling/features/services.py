"""Hands a call to the voice process, which answers it on loopback."""

import time
from typing import Any, Final

from ringfence.hosts import ports
from ringfence.policy.calls.ladder import CALLER
from ringfence.policy.events import Kind
from ringfence.policy.model import PlayService, Refuse
from ringfence.policy.relay.media import encode_leg
from ringfence.signaling import facts
from ringfence.signaling.calling import calls, claims, ladder, limits, lines
from ringfence.signaling.features import parking
from ringfence.signaling.ports import ksr
from ringfence.signaling.relay import media, terms
from ringfence.signaling.worker import Worker

NOTICES: Final = frozenset({"message-summary", "check-sync", "check-sync;reboot=false"})
"""The events that the voice process may tell phones of."""


def play(verdict: PlayService, target_user: str, worker: Worker, more: calls.Arrived = calls.INSIDE) -> None:
    """A call that the system itself answers from the start. `more` says how it came in."""
    caller, tenant = verdict.caller, worker.tenant(verdict.caller.domain)
    claims.strip()
    call_id = worker.new_call_id()
    started = calls.caller_fields(caller, str(verdict.service), target_user)
    leg = media.leg_of_caller(more.terms or terms.of_subscriber(caller, worker))
    if isinstance(leg, Refuse):
        calls.refuse(worker, leg, started)
        return
    if taken := parking.claimed(verdict):
        calls.refuse(worker, taken, started)
        return
    objection = limits.admit(lines.facts_of(verdict, tenant, more.extent), worker, more.already)
    if objection is not None:
        limits.refuse(objection)
        calls.journal_refused_call(worker, objection, caller, target_user)
        return
    calls.end_in_time(tenant)
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
        media.CALLER: encode_leg(leg),
        **more.told,
    }
    for name, value in values.items():
        ksr.set_dialog_var(name, value)
    limits.attach(worker)
    ladder.note(CALLER, "INVITE")
    told = {"call_id": call_id, "rule": verdict.rule, **more.told, "payer": verdict.payer.aor}
    worker.journal.append(Kind.CALL_STARTED, {**started, **told})
    ksr.record_route()
    _address(verdict, caller.aor)
    calls.start_sending()


def take_over(verdict: PlayService) -> bool:
    """A call that nobody took, in the failure route: its dialog stays, its callee changes."""
    _address(verdict, ksr.dialog_var("from"))
    return calls.send_to_branches()


def _address(verdict: PlayService, shown: str) -> None:
    """Where to and what for. The values are ours: addresses of record, names of announcements, our call id."""
    ksr.set_target(f"sip:{verdict.service}@{facts.LOOPBACK}:{ports.VOICE_SIP}")
    ksr.set_next_hop(media.VOICE_HOP)
    said: dict[str, Any] = {
        "Argument": verdict.argument,
        "Caller": shown,
        "Call": ksr.dialog_var("id"),
        "Missed": verdict.missed or "",
    }
    for name, value in said.items():
        ksr.append_header(f"X-Ringfence-{name}: {value}")


def carry_notice(method: str) -> None:
    """A NOTIFY to every device of an extension, about waiting messages (RFC 3842) or a new configuration: no more."""
    if method != "NOTIFY" or ksr.text("$hdr(Event)") not in NOTICES:
        ksr.reply(403, "Forbidden")
    elif not ksr.find_contacts(f"{ksr.target_user()}@{ksr.target_host()}"):
        ksr.reply(480, "Temporarily Unavailable")
    elif not ksr.relay():
        ksr.reply(500, "Server Internal Error")
