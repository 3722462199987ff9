"""Rings one extension after the other until somebody takes the call: a forward is the next step of the same call.

Which extension rings now stands in the dialog, so any worker can take the next step.
"""

from dataclasses import replace
from functools import partial
from typing import Final

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.forwarding import Judge, Occasion, go_on, number_for, occasion_of, redirected
from ringfence.policy.calls.ladder import SYSTEM
from ringfence.policy.calls.redirection import MOST_TARGETS, Target, decode_targets, encode_targets, redirections_in
from ringfence.policy.calls.ringlist import after_list, decode_steps, free, wanted
from ringfence.policy.calls.voicemail import voicemail_number
from ringfence.policy.events import Kind
from ringfence.policy.model import CallOutside, PlayService, Refuse, RingExtension, RingList, Rung, Verdict
from ringfence.policy.trunking.outsiders import outsider
from ringfence.signaling import told
from ringfence.signaling.calling import calls, encrypted, ladder, limits, lines
from ringfence.signaling.features import picking, services
from ringfence.signaling.judging import judge_of
from ringfence.signaling.ports import ksr, link_port
from ringfence.signaling.relay import media
from ringfence.signaling.trunking import outward
from ringfence.signaling.worker import Worker

BUSY: Final = Refuse("route.busy", 486, "Busy Here")
OFFLINE: Final = Refuse("route.offline", 480, "Temporarily Unavailable")
NOT_SENT: Final = Refuse("forward.failed", 500, "Server Internal Error")
TARGETS: Final = "targets"
"""The dialog variable with the targets of a 302 that are left."""

SENT_ON: Final = "sent_on"
"""The one that counts all of them."""


def reachable(verdict: Verdict, worker: Worker, *, replaces: bool = False) -> Verdict:
    """The same verdict if it has a device, which is then the target; otherwise that on what comes next.

    A call that replaces another is no second call, so it finds nobody busy.
    """
    while True:
        if isinstance(verdict, RingExtension):
            occasion = None if replaces else _busy(verdict.callee)
            if occasion is None and encrypted.find_contacts_of((verdict.aor,), worker):
                return verdict
            verdict = _not_taken(verdict, occasion or Occasion.OFFLINE, worker)
        elif isinstance(verdict, RingList):
            asked = wanted(verdict, worker.view.subscriber)
            verdict = free(asked, partial(_is_engaged, worker))
            if not verdict.steps:
                verdict = _exhausted(verdict, BUSY if asked.steps else OFFLINE, worker)
            elif encrypted.find_contacts_of(verdict.steps[0].aors, worker):
                return verdict
            else:
                verdict = replace(verdict, steps=verdict.steps[1:])
        else:
            return verdict


def _busy(callee: Subscriber) -> Occasion | None:
    """Whether an extension without call waiting is in a call already; or has as many as it may and a voicemail."""
    if not callee.calling.call_waiting and limits.is_talking_besides(callee.aor):
        return Occasion.BUSY
    voicemail = number_for(callee, Occasion.BUSY) == voicemail_number(callee) != ""
    return Occasion.BUSY if voicemail and _is_full(callee) else None


def _is_full(callee: Subscriber) -> bool:
    most = callee.calling.max_calls
    return most is not None and limits.calls_besides(callee.aor) >= most


def _is_engaged(worker: Worker, aor: str) -> bool:
    """The same of a member of a list, who has no way to go on, and whether he may have one more call at all."""
    member = worker.view.subscriber(aor)
    return member is not None and (_busy(member) is not None or _is_full(member))


def _not_taken(verdict: RingExtension, occasion: Occasion, worker: Worker) -> Verdict:
    judge = judge_of(worker)
    forward = go_on(verdict.caller, verdict.callee, verdict.path, occasion, judge) if judge else None
    return forward or (BUSY if occasion is Occasion.BUSY else OFFLINE)


def _exhausted(verdict: RingList, refusal: Refuse, worker: Worker) -> Verdict:
    """Nobody of the list took the call; the refusal if it leads nowhere else."""
    judge = judge_of(worker)
    return after_list(verdict, judge) if judge and verdict.otherwise else refusal


def failed(worker: Worker) -> None:
    """Nobody took the call where it rang: the next step, or the end of it. A relay outside that is gone is told as our
    own would be; the engine makes 500 of the 503 of anybody else (RFC 3261 section 16.7).
    """
    verdict = None if ksr.cancelled() else _next_step(ksr.number("$T_reply_code"), worker)
    if verdict is None and not ksr.cancelled() and link_port.has_no_media_outside():
        verdict = media.UNAVAILABLE
    match verdict:
        case None:
            calls.failed(worker, in_dialog=False)
        case RingExtension() | RingList():
            _ring_next(verdict, worker)
        case PlayService():
            _leave_to_voice(verdict, worker)
        case CallOutside():
            _lead_outside(verdict, worker)
        case Refuse(rule, code, reason, payer):
            _end(rule, code, reason, payer, worker)
        case _:
            _end("forward.nowhere", 480, "Temporarily Unavailable", "", worker)


def _next_step(code: int, worker: Worker) -> Verdict | None:
    """Where whoever rang sends the call, or else the next target of a 302 before. A no for the whole call ends it (RFC
    3261 section 16.7).
    """
    verdict, judge = _own_next_step(code, worker), judge_of(worker)
    if judge is None or code >= 600 or not (verdict is None or isinstance(verdict, Refuse)):
        return verdict
    return _next_target(judge, worker) or verdict


def _own_next_step(code: int, worker: Worker) -> Verdict | None:
    if ksr.dialog_var("rung"):
        return _rest_of_list(worker)
    index, callee = worker.view.current(), worker.view.subscriber(ksr.dialog_var("to"))
    if callee is None or index is None:
        return None
    path, judge, caller = _path(), judge_of(worker), _caller(worker)
    verdict: Verdict | None = None
    if judge is None:
        return None
    if 300 <= code < 400:
        found = redirections_in(ksr.redirections())
        ours = [number for number, host in found if index.domain_of(host or callee.domain) == callee.domain]
        _keep(tuple(Target(number, callee.aor, path) for number in ours))
    elif occasion := occasion_of(code, heard=ksr.any_reply()):
        verdict = go_on(caller, callee, path, occasion, judge)
    return reachable(verdict, worker) if verdict else None


def _keep(targets: tuple[Target, ...]) -> None:
    """Before those that are left: whom the phone that rang last names is tried first."""
    count = int(ksr.dialog_var(SENT_ON) or 0)
    kept = targets[: MOST_TARGETS - count]
    ksr.set_dialog_var(SENT_ON, str(count + len(kept)))
    ksr.set_dialog_var(TARGETS, encode_targets((*kept, *decode_targets(ksr.dialog_var(TARGETS)))))


def _next_target(judge: Judge, worker: Worker) -> Verdict | None:
    """The verdict on the first target that may be called and has a device; that on the last one if none has."""
    left, verdict = decode_targets(ksr.dialog_var(TARGETS)), None
    while left and (verdict is None or isinstance(verdict, Refuse)):
        target, left = left[0], left[1:]
        if by := worker.view.subscriber(target.by):
            verdict = reachable(redirected(_caller(worker), by, target.path, target.number, judge), worker)
    ksr.set_dialog_var(TARGETS, encode_targets(left))
    return verdict


def _rest_of_list(worker: Worker) -> Verdict | None:
    caller = _caller(worker)
    payer = caller if ksr.dialog_var("payer") == caller.aor else worker.view.subscriber(ksr.dialog_var("payer"))
    if payer is None:
        return None
    steps, otherwise = decode_steps(ksr.dialog_var("steps")), ksr.dialog_var("otherwise")
    return reachable(RingList("ring.next", ksr.dialog_var("to"), caller, payer, steps, otherwise, _path()), worker)


def _caller(worker: Worker) -> Subscriber:
    """Whoever called; an extension that is gone meanwhile has no more rights than somebody outside."""
    found = worker.view.subscriber(ksr.dialog_var("from"))
    if found is not None:
        return found
    number, _, domain = ksr.dialog_var("from").partition("@")
    return outsider(number, int(ksr.dialog_var("tenant") or 0), domain, "")


def _path() -> tuple[str, ...]:
    return tuple(aor for aor in ksr.dialog_var("path").split(",") if aor)


def _ring_next(verdict: Rung, worker: Worker) -> None:
    """The devices of the next extension become the targets of the same call."""
    tenant = worker.tenant(verdict.payer.domain)
    if objection := limits.readmit(lines.facts_of(verdict, tenant, lines.came_by(tenant, worker)), worker):
        _end(objection.rule, objection.code, objection.reason, verdict.payer.aor, worker)
        return
    note_step(calls.step_variables(verdict), worker)
    calls.set_patience(verdict)
    picking.note(verdict, worker)
    if not calls.ring_devices():
        _not_sent(worker)


def _leave_to_voice(verdict: PlayService, worker: Worker) -> None:
    """The system itself takes the call; after that there is no next step."""
    tenant = worker.tenant(verdict.payer.domain)
    if objection := limits.readmit(lines.facts_of(verdict, tenant, lines.came_by(tenant, worker)), worker):
        _end(objection.rule, objection.code, objection.reason, verdict.payer.aor, worker)
        return
    path = ",".join((*_path(), ksr.dialog_var("to")))
    nothing = {"rung": "", "steps": "", "otherwise": ""}
    note_step({"to": str(verdict.service), "payer": verdict.payer.aor, "path": path, **nothing}, worker)
    if not services.take_over(verdict):
        _not_sent(worker)


def _not_sent(worker: Worker) -> None:
    refusal = media.why_failed(NOT_SENT)
    _end(refusal.rule, refusal.code, refusal.reason, "", worker)


def _lead_outside(verdict: CallOutside, worker: Worker) -> None:
    """The call goes on over a trunk, and from there no further inside."""
    if objection := outward.lead_outside(verdict, _caller(worker), worker):
        _end(objection.rule, objection.code, objection.reason, verdict.payer.aor, worker)


def note_step(variables: dict[str, str], worker: Worker) -> None:
    """Writes into the dialog, and tells, where the call goes now and who pays for it."""
    for name, value in {**variables, "callee": ""}.items():
        ksr.set_dialog_var(name, value)
    ladder.note(SYSTEM, "INVITE")
    by = variables["path"].rpartition(",")[2]
    rung = variables["rung"].split(",") if variables["rung"] else []
    worker.journal.append(Kind.CALL_FORWARDED, {**told.call_fields(), "by": by, "rung": rung})


def _end(rule: str, code: int, reason: str, payer: str, worker: Worker) -> None:
    worker.refused(rule)
    ksr.set_dialog_var("refused", rule)
    if payer:
        ksr.set_dialog_var("payer", payer)
    calls.replace_final(code, reason)
    media.let_go()
