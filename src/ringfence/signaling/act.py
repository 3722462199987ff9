"""Carries out verdicts. The rule that decided goes to the journal and never into a reply."""

from ringfence.policy.model import (
    CallOutside,
    Challenge,
    Drop,
    Greet,
    PickUp,
    PlayService,
    Refuse,
    Request,
    RingExtension,
    RingList,
    SaveContacts,
    SendText,
    SetCalling,
    Unpark,
    Verdict,
    Watch,
)
from ringfence.policy.people.lamps import EVENTS
from ringfence.signaling import silence
from ringfence.signaling.calling import calls, limits, ringing
from ringfence.signaling.features import parking, picking, services, setting, texting, watching
from ringfence.signaling.ports import digests, ksr
from ringfence.signaling.registration import registrations
from ringfence.signaling.trunking import outward
from ringfence.signaling.worker import Worker


def carry_out(verdict: Verdict, request: Request, worker: Worker) -> None:
    """Does what the policy decided."""
    if isinstance(verdict, Unpark):
        verdict = ringing.reachable(parking.fetched(verdict, worker), worker, replaces=True)
    elif isinstance(verdict, RingExtension | RingList):
        verdict = ringing.reachable(verdict, worker, replaces=bool(request.replaces))
    elif isinstance(verdict, PickUp) and (full := limits.objection_to_picker(verdict.caller)):
        limits.tell_cause(full)
        verdict = full
    match verdict:
        case Drop(silence.BLOCKED_AGENT):
            silence.count(worker)
        case Drop(rule):
            worker.refused(rule)
        case Refuse(rule, code, reason):
            if request.method == "INVITE" and request.caller:
                calls.journal_refused_call(worker, verdict, request.caller, request.target_user)
            refuse(worker, rule, code, reason)
        case Challenge():
            _challenge(verdict, request, worker)
        case Greet():
            ksr.reply_header("Accept: application/sdp")
            ksr.reply(200, "OK")
        case SaveContacts(_, aor) if request.caller:
            registrations.save(aor, request.caller, worker)
        case Watch() if request.caller:
            watching.accept(verdict, request.caller, worker)
        case SendText():
            texting.carry(verdict, worker)
        case PickUp():
            picking.begin(verdict)
        case SetCalling():
            setting.ask_setting(verdict, worker)
        case RingExtension() | RingList():
            calls.ring(verdict, request.target_user, worker)
        case PlayService():
            services.play(verdict, request.target_user, worker, calls.INSIDE._replace(told=parking.told_of(verdict)))
        case CallOutside(payer=payer):
            outward.call_outside(verdict, request.target_user, outward.Source(request.caller or payer), worker)
        case _:
            refuse(worker, "route.nowhere", 403, "Forbidden")


def _challenge(verdict: Challenge, request: Request, worker: Worker) -> None:
    """A challenge in reply to a wrong password is not counted as one to be answered: the failure itself counts.

    A nonce that is over is called stale whatever its digest was (RFC 7616 section 3.3): a phone that keeps nonces would
    ask its user for the password, and nobody learns whether he guessed it.
    """
    told = request.credentials
    stale = told is not None and told.is_outlived
    if not digests.challenge(verdict.realm, verdict.proxy, sha_256=verdict.sha_256, stale=stale):
        ksr.reply(500, "Server Internal Error")
    elif told is None or not told.is_fresh:
        worker.tallies.challenged(request.method, request.target_user or request.from_user)


def refuse(worker: Worker, rule: str, code: int, reason: str) -> None:
    worker.refused(rule)
    if code == 405:
        ksr.reply_header(
            "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, SUBSCRIBE, REFER, NOTIFY, INFO, UPDATE, PRACK, MESSAGE"
        )
    elif code == 489:
        ksr.reply_header(f"Allow-Events: {', '.join(EVENTS)}")
    ksr.reply(code, reason)
