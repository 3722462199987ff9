"""Rings one extension after the other until somebody takes the call: a forward is the next step of the same call.

Which extension rings now stands in the dialog, so any worker can take the next step.
"""

from typing import Final

from ringfence.policy.book import Subscriber
from ringfence.policy.events import Kind
from ringfence.policy.forwarding import Judge, Occasion, go_on, occasion_of, redirected
from ringfence.policy.model import Refuse, RingExtension, Verdict
from ringfence.policy.redirection import redirection_in
from ringfence.policy.routing import judge_with
from ringfence.signaling import calls, ksr
from ringfence.signaling.worker import Worker

OFFLINE: Final = Refuse("route.offline", 480, "Temporarily Unavailable")


def reachable(verdict: Verdict, worker: Worker) -> Verdict:
    """The same verdict if the extension has a device, which is then the target; otherwise that on its forwards."""
    while isinstance(verdict, RingExtension) and not ksr.find_contacts(verdict.aor):
        judge = _judge(worker)
        verdict = (
            go_on(verdict.caller, verdict.callee, verdict.path, Occasion.OFFLINE, judge) if judge else None
        ) or OFFLINE
    return verdict


def failed(worker: Worker) -> None:
    """Nobody took the call where it rang: the next step, or the end of it."""
    code = ksr.number("$T_reply_code")
    verdict = None if ksr.cancelled() else _next_step(code, worker)
    match verdict:
        case None:
            calls.failed(worker, in_dialog=False)
        case RingExtension():
            _ring_next(verdict, worker)
        case Refuse(rule, code, reason, payer):
            _end(rule, code, reason, payer, worker)
        case _:
            _end("forward.nowhere", 480, "Temporarily Unavailable", "", worker)


def _next_step(code: int, worker: Worker) -> Verdict | None:
    index, callee = worker.view.current(), worker.view.subscriber(ksr.dialog_var("to"))
    if callee is None or index is None:
        return None
    caller = worker.view.subscriber(ksr.dialog_var("from")) or callee
    path = tuple(aor for aor in ksr.dialog_var("path").split(",") if aor)
    judge = judge_with(index, worker.view.subscriber)
    verdict: Verdict | None = None
    if 300 <= code < 400:
        number, host = redirection_in(ksr.redirection())
        if number and index.domain_of(host or callee.domain) == callee.domain:
            verdict = redirected(caller, callee, path, number, judge)
    elif occasion := occasion_of(code, heard=ksr.any_reply()):
        verdict = go_on(caller, callee, path, occasion, judge)
    return reachable(verdict, worker) if verdict else None


def _ring_next(verdict: RingExtension, worker: Worker) -> None:
    """The devices of the next extension become the targets of the same call."""
    note_step(verdict.aor, verdict.payer, verdict.path, worker)
    ksr.ring_for(calls.ring_seconds(verdict.callee))
    if not (ksr.on_reply("ksr_reply_call") and ksr.on_failure("ksr_failure_call") and ksr.relay()):
        _end("forward.failed", 500, "Server Internal Error", "", worker)


def note_step(to: str, payer: Subscriber, path: tuple[str, ...], worker: Worker) -> None:
    """Writes into the dialog, and tells, where the call goes now and who pays for it."""
    for name, value in (("to", to), ("payer", payer.aor), ("path", ",".join(path)), ("callee", "")):
        ksr.set_dialog_var(name, value)
    worker.journal.append(Kind.CALL_FORWARDED, {**calls.call_fields(), "by": path[-1] if path else ""})


def _end(rule: str, code: int, reason: str, payer: str, worker: Worker) -> None:
    worker.refused(rule)
    ksr.set_dialog_var("refused", rule)
    if payer:
        ksr.set_dialog_var("payer", payer)
    calls.replace_final(code, reason)
    ksr.media_delete()


def _judge(worker: Worker) -> Judge | None:
    index = worker.view.current()
    return judge_with(index, worker.view.subscriber) if index else None
