"""Carries a call: identity as proved, both parties bound to the addresses they speak from."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ringfence.policy.book import Subscriber, Tenant
from ringfence.policy.calls import dialog
from ringfence.policy.calls.handover import HANDING
from ringfence.policy.calls.ladder import CALLED, CALLER, SYSTEM
from ringfence.policy.calls.limits import LONGEST_CALL_MINUTES, Extent
from ringfence.policy.calls.ringlist import encode_steps
from ringfence.policy.events import Kind
from ringfence.policy.model import Refuse, RingList, Rung
from ringfence.policy.relay import negotiated
from ringfence.policy.relay.encryption import Terms
from ringfence.policy.relay.media import addresses, encode_leg
from ringfence.signaling import facts, memory, told
from ringfence.signaling.calling import branches, claims, hangup, ladder, limits, lines, sequence, sides, twins, wayback
from ringfence.signaling.features import holding, parking, picking, recording
from ringfence.signaling.ports import branch_port, hangup_port, ksr, transfer_port
from ringfence.signaling.relay import agreeing, media, named, takingback, terms
from ringfence.signaling.trunking import proved
from ringfence.signaling.worker import Worker

OVER: Final = "over"
"""Marks the dialog of an answered call whose end has been told."""
REFUSED_LATE: Final = "refused_late"
"""Marks that of a call whose offer came with the answer, and what the ACK said to it was refused."""


class Arrived(NamedTuple):
    """How a call came in: what its dialog and records hold of that, and the trunk's limits."""

    told: Mapping[str, str] = MappingProxyType({})
    extent: Extent | None = None
    terms: Terms | None = None
    """Of the trunk; None: those of the extension that calls."""
    already: tuple[str, ...] = ()
    """Counters in which another dialog counts this call already."""


INSIDE: Final = Arrived()

NOT_SENT: Final = Refuse("", 500, "Server Internal Error")
LONGEST_RINGING: Final = 120
"""Seconds."""


def ring(verdict: Rung, target_user: str, worker: Worker, more: Arrived = INSIDE) -> None:
    """Sends an INVITE to the devices that are its targets already. `more` says how a call from outside came in."""
    claims.strip()
    tenant = worker.tenant(verdict.caller.domain)
    leg = media.leg_of_caller(more.terms or terms.of_subscriber(verdict.caller, worker))
    if isinstance(leg, Refuse):
        refuse(worker, leg, caller_fields(verdict.caller, called(verdict), target_user))
        return
    objection = limits.admit(lines.facts_of(verdict, tenant, more.extent), worker, more.already)
    if objection is not None:
        limits.refuse(objection)
        journal_refused_call(worker, objection, verdict.caller, target_user)
        return
    call_id = worker.new_call_id()
    end_in_time(tenant)
    _track(verdict, target_user, call_id, {**more.told, media.CALLER: encode_leg(leg)})
    limits.attach(worker)
    ladder.note(CALLER, "INVITE")
    _journal_start(worker, verdict, target_user, {"call_id": call_id, "rule": verdict.rule, **more.told})
    ksr.record_route()
    shown = "" if more is INSIDE else f"sip:{verdict.caller.aor}"
    branches.announce(verdict.caller.display_name or verdict.caller.extension, verdict.caller.aor, shown)
    set_patience(verdict)
    picking.note(verdict, worker)
    start_sending()


def set_patience(verdict: Rung) -> None:
    """How long it rings, and that nobody declines (603) for a whole group."""
    ksr.ring_for(ring_seconds(verdict))
    branch_port.ring_on_after_6xx(isinstance(verdict, RingList))


def ring_seconds(verdict: Rung) -> int:
    """How long it rings: only something to go on to makes it shorter than the engine's own patience."""
    if isinstance(verdict, RingList):
        return verdict.steps[0].seconds
    calling = verdict.callee.calling
    goes_on = calling.forward_no_answer or calling.voicemail
    return calling.ring_seconds if goes_on else LONGEST_RINGING


def called(verdict: Rung) -> str:
    """Whom a call is for, as records say it."""
    return verdict.name if isinstance(verdict, RingList) else verdict.aor


def step_variables(verdict: Rung) -> dict[str, str]:
    """What the dialog has to know for the next step."""
    steps = verdict.steps if isinstance(verdict, RingList) else ()
    return {
        "to": called(verdict),
        "payer": verdict.payer.aor,
        "path": ",".join(verdict.path),
        "rung": ",".join(steps[0].aors) if steps else "",
        "steps": encode_steps(steps[1:]),
        "otherwise": verdict.otherwise if isinstance(verdict, RingList) else "",
    }


def refuse_in_dialog(method: str) -> Refuse | None:
    """The objection to a request with a To tag, judged before Kamailio's dialog state may change."""
    known = ksr.dialog_known() and (method in ("ACK", "BYE") or not ksr.dialog_var(OVER))
    parties = tuple(facts.party_address(uri) for uri in _parties()) if known else ()
    return dialog.judge(method, known, ksr.source(), parties, ksr.event() if method == "NOTIFY" else "")


def carry_in_dialog(method: str, worker: Worker) -> None:
    """Sends a request of one party to the other party's proved address, whatever Route and Request-URI say."""
    caller, callee = _parties()
    media.keep_carried()  # before anything else is changed: it makes the message anew
    from_caller = ksr.text("$ft") == ksr.text("$dlg(from_tag)")
    ksr.set_dialog_var("caller" if from_caller else "callee", facts.party())
    ladder.note(CALLER if from_caller else CALLED, method)
    if not ksr.loose_route():
        ksr.reply(481, "Call/Transaction Does Not Exist")
        return
    claims.strip()
    other = callee if from_caller else caller
    ksr.set_next_hop(other)
    if method == "ACK":
        worker.journal.append(Kind.CALL_CONFIRMED, told.confirmed())
    outside, receiver = sides.outer_sides(), "callee" if from_caller else "caller"
    for side in outside:
        sides.note_outside(caller if side == "caller" else callee)
    if receiver in outside:
        sides.dress_for_outside(receiver)
    unproved = proved.objection_in_dialog(worker) if receiver in outside and from_caller else None
    if objection := unproved or _objection_to_body(method, from_caller, other):
        worker.refused(objection.rule)
        media.warn(objection)
        ksr.reply(objection.code, objection.reason)
        return
    sequence.raise_towards(receiver)
    if method in ("INVITE", "UPDATE", "ACK"):
        named.tell(worker)
    if method in media.OFFERING:
        holding.note_offer()
    if method == "INVITE":
        ksr.record_route()
    send("ksr_reply_in_dialog", "ksr_failure_in_dialog")
    if method == "ACK":
        if ksr.dialog_var(REFUSED_LATE) and not ksr.dialog_var(OVER):
            transfer_port.end_dialog()
        holding.obey()  # not before: while the relay looks for its music the 200 would be repeated


def reply_of_callee(worker: Worker) -> None:
    """A reply of the called side: binds it to its address and replaces its media address with ours.

    Of several devices the one that answers counts, not the one that rang first.
    """
    code = ksr.number("$rs")
    if twins.answers(code) or twins.rings_late(code):
        return
    if 100 < code < 300 and (code >= 200 or not ksr.dialog_var("callee")):
        ksr.set_dialog_var("callee", facts.party())
    ladder.note(CALLED, str(code))
    if 200 <= code < 300:
        _note_who_answered()
    agreeing.by_callee(code)
    if 100 < code < 300:
        named.tell(worker)
    takingback.note_answer(code)
    media.relay_answer(code)
    wayback.restore(code)
    sides.dress_reply()


def reply_in_dialog(worker: Worker) -> None:
    """A reply of either party to a request of the other."""
    code = ksr.number("$rs")
    ladder.note(CALLER if ksr.text("$ft") != ksr.text("$dlg(from_tag)") else CALLED, str(code))
    if 100 < code < 300:
        named.tell(worker)
    agreeing.within(worker)
    holding.note_answer(code)
    legs = media.legs(sides.asking_side() == "caller")
    takingback.note_reply(code, *legs)
    media.relay_answer_in_dialog(code, *legs)
    sequence.restore()
    sides.dress_reply()
    sides.name_call_as_outside()


def _note_who_answered() -> None:
    """Of several extensions that rang, or that picked the call up, the one whose device this is."""
    rung = [*ksr.dialog_var("rung").split(","), *memory.pickers()]
    if any(rung) and (aor := branch_port.device_answers_for(filter(None, rung))):
        ksr.set_dialog_var("to", aor)


def failed(worker: Worker, *, in_dialog: bool) -> None:
    """A final failure of the called side. Challenges and redirections of strangers never reach the caller."""
    code = ksr.number("$T_reply_code")
    if ksr.cancelled():
        told.note_end(487, "Request Terminated", "caller")  # so the caller heard, whatever came of the called side
    elif code in (401, 407):
        worker.refused("dialog.challenge")
        replace_final(403, "Forbidden", "callee")
    elif 300 <= code < 400:
        worker.refused("route.redirect")
        replace_final(480, "Temporarily Unavailable", "callee")
    elif not in_dialog:
        told.note_failure(code)
    if not in_dialog:
        media.let_go()


def replace_final(code: int, reason: str, by: str = "system") -> None:
    """Another final answer to the caller than the called side gave."""
    told.note_end(code, reason, by)
    ladder.note(SYSTEM, str(code))
    ksr.final_reply(code, reason)


def dialog_event(name: str, worker: Worker) -> None:
    """The life of a call as Kamailio's dialog module tells it."""
    match name:
        case "dialog:start":
            ksr.set_dialog_var("answered", f"{time.time():.3f}")
            limits.answered(worker)
            parking.started()
            worker.journal.append(Kind.CALL_ANSWERED, told.answered())
            recording.answered(worker)
        case "dialog:end" if not ksr.dialog_var(OVER):
            ended_by = told.ended_by()
            _over(worker, ended_by)
            if ended_by == "system":
                hangup_port.forget_call()
                hangup.begins()
        case "dialog:failed":
            limits.release()
            worker.journal.append(Kind.CALL_ENDED, told.never_answered())


def hanging_up(worker: Worker) -> bool:
    """The core sends a BYE of its own; whether it may go. A call is told as over here: `dialog:end` does not run if the
    answer comes at once.
    """
    if not ksr.find_dialog():
        return True
    is_ours = hangup.is_ours()  # not later: BYEs that are sent within this leave no trace of where the one at hand goes
    if not ksr.dialog_var(OVER):
        hangup_port.forget_call()  # BYEs that are sent within this leave no dialog at hand either
        _over(worker, "system")
        hangup.begins()
    return is_ours


def _over(worker: Worker, ended_by: str) -> None:
    ksr.set_dialog_var(OVER, "1")
    if token := ksr.dialog_var(HANDING):
        worker.voice.tell("handover-over", token=token)
    limits.release()
    parking.ended()
    recording.ended(worker)
    audio = media.in_use()
    media.let_go()
    outcome = (488, "Not Acceptable Here") if media.ends_now() else (200, "Normal")
    worker.journal.append(Kind.CALL_ENDED, {**told.ended(*outcome, ended_by), **audio})


def _parties() -> tuple[str, str]:
    return ksr.dialog_var("caller"), ksr.dialog_var("callee")


def send(on_reply: str, on_failure: str) -> None:
    """Sends the request of this route on; whatever fails there is a failure of ours."""
    if not (ksr.on_reply(on_reply) and ksr.on_failure(on_failure) and ksr.relay()):
        ksr.reply(500, "Server Internal Error")


def send_to_branches() -> bool:
    """Sends an INVITE to its targets, to each with an offer of its own."""
    names = ("ksr_reply_call", "ksr_failure_call", "ksr_branch_call")
    return ksr.on_reply(names[0]) and ksr.on_failure(names[1]) and ksr.on_branch(names[2]) and ksr.relay()


def ring_devices() -> bool:
    """The same for devices of extensions, of which one may be asked once more."""
    return branch_port.on_branch_failure("ksr_device_refused") and send_to_branches()


def start_sending() -> None:
    """The same for a new call; without a relay for its media it ends with 503."""
    if ring_devices():
        return
    refusal = media.why_failed(NOT_SENT)
    told.note_end(refusal.code, refusal.reason, "system", refusal.rule)
    limits.refuse(refusal)


def _objection_to_body(method: str, from_caller: bool, other: str) -> Refuse | None:
    if method in media.OFFERING:
        return media.offer_in_dialog(*media.legs(from_caller), other)
    if method == "ACK":
        if not media.answer_in_ack(*media.legs(from_caller)):
            ksr.set_dialog_var(REFUSED_LATE, "1")
        return None
    if ksr.has_sdp():
        ksr.remove_body()
    return None


def _track(verdict: Rung, target_user: str, call_id: str, more: Mapping[str, str]) -> None:
    ksr.track_dialog()
    values = {
        "id": call_id,
        "caller": facts.party(),
        "from": verdict.caller.aor,
        "dialled": target_user,
        "tenant": str(verdict.caller.tenant_id),
        "user": str(verdict.caller.user_id),
        **step_variables(verdict),
        **more,
        "started": f"{time.time():.3f}",
        "caller_rtp": negotiated.encryption(ksr.text("$rb")),
    }
    told.note(values)


def end_in_time(tenant: Tenant) -> None:
    """For the dialog that is about to be made."""
    ksr.end_call_after(60 * (tenant.max_call_minutes or LONGEST_CALL_MINUTES))


def caller_fields(caller: Subscriber, callee: str, target_user: str) -> dict[str, Any]:
    """Who calls whom, and where the INVITE came from."""
    return {
        "sip_call_id": ksr.call_id(),
        "caller": caller.aor,
        "callee": callee,
        "dialled": target_user[:64],
        "tenant_id": caller.tenant_id,
        "user_id": caller.user_id,
        "source": ksr.source(),
        "transport": ksr.transport(),
        "user_agent": ksr.user_agent()[:128],
        "media_addresses": list(addresses(ksr.body())) if ksr.has_sdp() else [],
        **({"over_link": True} if ksr.over_link() else {}),
    }


def _journal_start(worker: Worker, verdict: Rung, target_user: str, told: dict[str, str]) -> None:
    call = {**caller_fields(verdict.caller, called(verdict), target_user), "payer": verdict.payer.aor}
    if isinstance(verdict, RingList):
        call["rung"] = list(verdict.steps[0].aors)
    worker.journal.append(Kind.CALL_STARTED, {**told, **call})


def refuse(worker: Worker, refusal: Refuse, call: dict[str, Any]) -> None:
    """Answers, and writes the call record of a call that never was."""
    worker.refused(refusal.rule)
    media.warn(refusal)
    ksr.reply(refusal.code, refusal.reason)
    _journal_refusal(worker, refusal, call)


def journal_refused_call(worker: Worker, refusal: Refuse, caller: Subscriber, target_user: str, **more: str) -> None:
    """A call that the policy refused to a proved caller is a CDR too."""
    fields = caller_fields(caller, "", target_user)
    _journal_refusal(worker, refusal, {**fields, "payer": refusal.payer or caller.aor, **more})


def _journal_refusal(worker: Worker, refusal: Refuse, call: dict[str, Any]) -> None:
    fields = {"call_id": worker.new_call_id(), "rule": refusal.rule, "code": refusal.code, "reason": refusal.reason}
    worker.journal.append(Kind.CALL_REFUSED, {**fields, **call})
