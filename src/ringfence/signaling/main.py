"""The script Kamailio loads: its callbacks, each wrapped so that an exception fails closed.

The supervisor names this package and the virtual environment in PYTHONPATH.
"""

import time
from collections.abc import Callable
from typing import Final

from ringfence.hosts.paths import Paths
from ringfence.policy.decide import decide, screen
from ringfence.policy.model import Refuse
from ringfence.policy.rules.packet import INSANE, UNFRAMED, UNREADABLE
from ringfence.signaling import act, facts, silence
from ringfence.signaling.calling import branches, calls, emergency, ringing, twins
from ringfence.signaling.failsafe import drop_message, guarded, refuse_request
from ringfence.signaling.features import handover, joining, picking, placing, recording, services, texting, transfers
from ringfence.signaling.ports import encoding_port, ksr, link_port
from ringfence.signaling.prompter import prompt
from ringfence.signaling.registration import clientproof, gateways, registering, repeating
from ringfence.signaling.registration.authentication import authenticate
from ringfence.signaling.registration.websockets import open_web_socket
from ringfence.signaling.relay import insisting, media, terms
from ringfence.signaling.trunking import inward, keeping, outward
from ringfence.signaling.worker import Worker, this_worker

UNKNOWN: Final = "dialog.known"


def _report(where: str, error: str) -> None:
    this_worker().exception(where, error)


@guarded(refuse_request, _report)
def ksr_plain_question(facts: str) -> bool:
    return registering.challenges(facts, this_worker())


@guarded(refuse_request, _report)
def ksr_plain_answer(facts: str) -> bool:
    return registering.registers(facts, this_worker())


@guarded(refuse_request, _report)
def ksr_private_answer(facts: str) -> bool:
    return registering.registers(facts, this_worker(), registering.TLS)


@guarded(drop_message, _report)
def ksr_link_asks(*_: object) -> None:
    """The SBC asks each second whether the core is there, and is told whom it may not answer."""
    if index := this_worker().view.current():
        link_port.tell_agents(index.agents)


@guarded(refuse_request, _report)
def ksr_request_route(*_: object) -> None:
    worker = this_worker()
    if ksr.readable():
        _screen(worker)
    elif encoding_port.head_is_text():
        _screen(worker, UNREADABLE)
    else:
        worker.noise_only("packet.encoding")


def _screen(worker: Worker, unreadable: Refuse | None = None) -> None:
    if worker.drops(ksr.source(), time.time()):
        worker.refused("source.banned")
        return
    objection = (screen(facts.packet()) or unreadable) if ksr.sane() else INSANE
    if objection:
        _refuse_broken(objection, worker)
        return
    ksr.use_source_port()
    _serve(ksr.method(), worker)
    worker.tallies.tell_if_due(time.monotonic())


def _refuse_broken(objection: Refuse, worker: Worker) -> None:
    if silence.is_kept(worker):
        ksr.close_stream()
    elif objection is INSANE:
        worker.refused(objection.rule)
        ksr.reply_insane()
    else:
        act.refuse(worker, objection.rule, objection.code, objection.reason)
        if objection.rule == UNFRAMED:
            ksr.close_stream()


def _serve(method: str, worker: Worker) -> None:
    if method == "CANCEL":
        _cancel(worker)
    elif ksr.text("$tt") and method != "SUBSCRIBE":
        _in_dialog(method, worker)
    elif method == "REGISTER" or (method != "ACK" and not ksr.retransmission()):
        _outside_dialog(method, worker)


def _outside_dialog(method: str, worker: Worker) -> None:
    if facts.from_voice():
        placing.place(worker) if method == "INVITE" else services.carry_notice(method)
        return
    index = worker.view.current()
    if index is None:
        ksr.reply(503, "Service Unavailable")
        return
    if not (method == "INVITE" and ksr.claimed_user()) and silence.is_kept(worker):
        return  # whoever proves who he is may be calling for help: the gates know
    if method == "INVITE" and not ksr.hops_left():
        act.refuse(worker, "packet.max_forwards", 483, "Too Many Hops")
        return
    if method == "INVITE" and inward.arrives(index, worker):
        return
    gateway = inward.gateway_asked(index) if method == "INVITE" else ""
    identity = authenticate(method, index, worker, gateway)
    request = clientproof.shown(facts.request(method, identity.credentials, identity.caller), worker)
    request = request._replace(target_host=gateway) if gateway else gateways.at_home(request, index)
    if method == "OPTIONS" and inward.keeps_alive(index):
        request = request._replace(target_user="")
    if method == "INVITE" and inward.from_gateway(identity, request, index, worker):
        return
    if method == "INVITE" and request.caller:
        emergency.unwrap_offer(request, index, worker)
        media.prepare_offer(terms.of_subscriber(request.caller, worker), maybe_outside=bool(index.trunks.by_id))
        ksr.new_transaction()
    if method == "INVITE":
        request = transfers.redeem(request, worker)
    act.carry_out(decide(request, index, worker.view.subscriber, worker.plans.exchange), request, worker)


def _in_dialog(method: str, worker: Worker) -> None:
    objection = calls.refuse_in_dialog(method)
    if objection and objection.rule == UNKNOWN and twins.carries(method):
        return
    if handover.takes(method, objection, worker):
        return
    if objection is None and method == "REFER" and (taking := _whoever_takes()):
        objection = taking(worker)
        if objection is None:
            return
    elif objection is None and method == "REFER":
        objection = transfers.judge_refer(worker)
    if objection is None and recording.is_key(method):
        objection = recording.press(worker)
        if objection is None:
            return
    if objection is None:
        if ksr.hops_left():
            calls.carry_in_dialog(method, worker)
        elif method != "ACK":
            act.refuse(worker, "packet.max_forwards", 483, "Too Many Hops")
    elif method == "ACK":
        ksr.known_transaction()  # absorbs the ACK of our own refusal
    elif not silence.is_kept(worker):
        act.refuse(worker, objection.rule, objection.code, objection.reason)


def _whoever_takes() -> Callable[[Worker], Refuse | None] | None:
    """What carries out the REFER at hand here; None if the other phone does."""
    if joining.concerns():
        return joining.begin
    return handover.begin if handover.concerns() else None


def _cancel(worker: Worker) -> None:
    if not ksr.known_transaction():
        if not silence.is_kept(worker):
            ksr.reply(481, "Call/Transaction Does Not Exist")
    elif ksr.source() != facts.party_address(ksr.dialog_var("caller")):
        act.refuse(worker, "dialog.party", 403, "Forbidden")
    else:
        ksr.relay()


@guarded(refuse_request, _report)
def ksr_picked(answer: str, *_: object) -> None:
    picking.finish(answer == "taken")


@guarded(refuse_request, _report)
def ksr_begun_again(told: str) -> None:
    repeating.begun_again(told, this_worker())


@guarded(drop_message, _report)
def ksr_prompt(*_: object) -> None:
    prompt(Paths.from_environment(), this_worker())


@guarded(drop_message, _report)
def ksr_web_socket(*_: object) -> None:
    open_web_socket(this_worker())


@guarded(drop_message, _report)
def ksr_reply_call(*_: object) -> None:
    calls.reply_of_callee(this_worker())


@guarded(drop_message, _report)
def ksr_reply_in_dialog(*_: object) -> None:
    calls.reply_in_dialog(this_worker())
    handover.answered(this_worker())


@guarded(drop_message, _report)
def ksr_failure_call(*_: object) -> None:
    ringing.failed(this_worker())


@guarded(drop_message, _report)
def ksr_device_refused(*_: object) -> None:
    insisting.ring_again(this_worker())


@guarded(drop_message, _report)
def ksr_failure_trunk(*_: object) -> None:
    outward.failed(this_worker())


@guarded(drop_message, _report)
def ksr_branch_call(*_: object) -> bool:
    return branches.dress(this_worker())


@guarded(drop_message, _report)
def ksr_branch_trunk(*_: object) -> bool:
    return outward.dress(this_worker())


@guarded(drop_message, _report)
def ksr_branch_text(*_: object) -> bool:
    return texting.may_leave(this_worker())


@guarded(drop_message, _report)
def ksr_failure_text(*_: object) -> None:
    texting.failed()


@guarded(drop_message, _report)
def ksr_trunks_due(*_: object) -> None:
    worker = this_worker()
    keeping.look_after(worker)
    gateways.note_all_if_due(worker.view.current())


@guarded(drop_message, _report)
def ksr_trunk_reply(*_: object) -> None:
    keeping.replied(this_worker())


@guarded(drop_message, _report)
def ksr_failure_in_dialog(*_: object) -> None:
    calls.failed(this_worker(), in_dialog=True)
    if not ksr.cancelled() and link_port.has_no_media_outside():
        ksr.final_reply(media.UNAVAILABLE.code, media.UNAVAILABLE.reason)
    handover.give_back(this_worker())


@guarded(drop_message, _report)
def ksr_hanging_up(*_: object) -> bool:
    return calls.hanging_up(this_worker())


@guarded(drop_message, _report)
def ksr_dialog_event(event: str, *_: object) -> None:
    calls.dialog_event(event, this_worker())
