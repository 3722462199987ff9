"""Places the call to whoever a party outside is handed to: the voice process makes it, by a promise of the core's.

It is judged again when it comes, as a call of whoever transferred; the party is shown.
"""

from typing import Final

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.forwarding import Attempt, follow
from ringfence.policy.calls.handover import DEPTH, HEARD_BY, OF, Promise, decode_promise, leads_on
from ringfence.policy.calls.transfer import BEFORE_TOKEN
from ringfence.policy.model import CallOutside, PlayService, Refuse, RingExtension, RingList, Verdict
from ringfence.policy.relay.encryption import NO_ENCRYPTION
from ringfence.policy.relay.media import addresses
from ringfence.policy.trunking.inbound import ANONYMOUS
from ringfence.policy.trunking.outsiders import outsider
from ringfence.signaling import act, memory
from ringfence.signaling.calling import branches, calls, ringing
from ringfence.signaling.features import parking, services
from ringfence.signaling.judging import judge_of
from ringfence.signaling.ports import ksr
from ringfence.signaling.trunking import outward
from ringfence.signaling.worker import Worker

UNKNOWN: Final = Refuse("transfer.promise", 403, "Forbidden")
NOWHERE: Final = Refuse("transfer.nowhere", 403, "Forbidden")


def place(worker: Worker) -> None:
    """An INVITE of the voice process, good for the one call that was granted."""
    number, _, token = ksr.target_user().rpartition(BEFORE_TOKEN)
    promise = decode_promise(memory.transfer(token)) if number and worker.view.current() else None
    payer = worker.view.subscriber(promise.payer) if promise else None
    if (
        promise is None
        or payer is None
        or not payer.active
        or promise.number != number
        or not memory.forget_transfer(token)
    ):
        act.refuse(worker, UNKNOWN.rule, UNKNOWN.code, UNKNOWN.reason)
        return
    ksr.new_transaction()
    party = party_outside(promise.party, payer)
    verdict = _judged(promise, party, payer, worker)
    branches.announce_transfer(payer.aor)
    if promise.replaces:
        branches.announce_replaced(promise.replaces)
    _carry(verdict, promise, party, worker)


def party_outside(name: str, payer: Subscriber) -> Subscriber:
    """The party as a caller of the payer's tenant; it has no right of its own."""
    number = name.partition("@")[0]
    return outsider(number, payer.tenant_id, payer.domain, "Anonymous" if number == ANONYMOUS else number)


def _judged(promise: Promise, party: Subscriber, payer: Subscriber, worker: Worker) -> Verdict:
    judge = judge_of(worker)
    if judge is None:
        return NOWHERE
    if promise.replaces:  # whoever is asked for is talking already: no forward applies
        verdict = judge(party, payer, promise.number)
    else:
        verdict = follow(Attempt(party, payer, promise.number), judge)
    return ringing.reachable(verdict, worker, replaces=bool(promise.replaces))


def _carry(verdict: Verdict, promise: Promise, party: Subscriber, worker: Worker) -> None:
    family = "IP6" if any(":" in address for address in addresses(ksr.body())) else "IP4"
    told = {OF: promise.of, DEPTH: promise.depth, HEARD_BY: family}
    arrived = calls.Arrived(told, None, NO_ENCRYPTION, tuple(promise.already.split()))
    verdict = parking.objection(verdict, promise.payer) or verdict
    if not (isinstance(verdict, Refuse) or leads_on(verdict)):
        verdict = NOWHERE
    match verdict:
        case RingExtension() | RingList():
            calls.ring(verdict, promise.number, worker, arrived)
        case PlayService():
            services.play(verdict, promise.number, worker, arrived)
        case CallOutside():
            outward.call_outside(verdict, promise.number, outward.Source(party, arrived), worker)
        case Refuse(rule, code, reason):
            calls.journal_refused_call(worker, verdict, party, promise.number)
            act.refuse(worker, rule, code, reason)
