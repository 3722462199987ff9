"""Transfers: a REFER is judged as a call of whoever sends it, and the other party gets a token to make that call with.

The new call comes from the other phone, which proves itself as always; the token says who pays for it (docs/adr/0014).
"""

import os

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.transfer import (
    BEFORE_TOKEN,
    NO_TARGET,
    TOKEN_BYTES,
    Grant,
    Replaced,
    Wish,
    decode_grant,
    encode_grant,
    redeemed,
    towards,
    wish_in,
)
from ringfence.policy.index import Index
from ringfence.policy.model import CallOutside, PlayService, Refuse, Request, RingExtension, RingList, Verdict
from ringfence.signaling import memory
from ringfence.signaling.calling import branches, calls
from ringfence.signaling.features import parking
from ringfence.signaling.judging import judge_of
from ringfence.signaling.ports import ksr, transfer_port
from ringfence.signaling.worker import Worker

NOT_HERE = Refuse("transfer.outside", 403, "Forbidden")
UNKNOWN_CALL = Refuse("transfer.replaces", 403, "Forbidden")
"""No 481: it would say that the call in which the phone asks is gone, and the phone hangs up (RFC 3261 12.2.1.2)."""

TWICE = Refuse("transfer.target", 400, "Bad Request")


def judge_refer(worker: Worker) -> Refuse | None:
    """The objection to a REFER of a party of this call; None if it may go on, and then it carries the token."""
    index = worker.view.current()
    parties = _parties(worker) if index else None
    if parties is None or index is None:
        return NOT_HERE
    transferrer, transferee = parties
    if transfer_port.refer_to_count() != 1:
        return TWICE
    wish = wish_of(transferrer, worker)
    if isinstance(wish, Refuse):
        return wish
    verdict = judged(wish, transferrer, transferee, index, worker)
    if isinstance(verdict, Refuse):
        calls.journal_refused_call(worker, verdict, transferrer, wish.number)
        return verdict
    _grant(wish, transferrer, transferee)
    return None


def wish_of(transferrer: Subscriber, worker: Worker) -> Wish | Refuse:
    """What the REFER at hand asks for; whom an attended transfer leads to is known from the call that it replaces.

    A phone takes no other call in the place of one that rings there (RFC 3891 section 3, 481): whoever does not wait
    for the answer gets a transfer without that, and ends the call that rings as after every transfer.
    """
    wish = wish_in(transfer_port.refer_to())
    if isinstance(wish, Refuse) or wish.replaced is None:
        return wish
    replaced = (wish.replaced.call_id, wish.replaced.to_tag, wish.replaced.from_tag)
    parties = transfer_port.parties_of(*replaced)
    if parties and all(worker.view.subscriber(aor) for aor in parties):
        wish = towards(wish, transferrer.aor, parties)
    if transferrer.aor in parties and not transfer_port.is_answered(*replaced):
        wish = wish._replace(replaced=None)
    return wish if wish.number else NO_TARGET


def redeem(request: Request, worker: Worker) -> Request:
    """The same request with number and payer of the transfer it carries out; without a good token as it was."""
    caller = request.caller
    if caller is None or BEFORE_TOKEN not in request.target_user:
        return request
    token = request.target_user.rpartition(BEFORE_TOKEN)[2]
    grant = redeemed(decode_grant(memory.transfer(token)), caller.aor, request.target_user)
    if grant is None or not memory.forget_transfer(token):
        return request
    payer = worker.view.subscriber(grant.payer)
    if payer is None or not payer.active:
        return request
    branches.announce_transfer(payer.aor)
    if grant.replaces:
        branches.announce_replaced(grant.replaces)
    return request._replace(target_user=grant.number, payer=payer, replaces=grant.replaces)


def _parties(worker: Worker) -> tuple[Subscriber, Subscriber] | None:
    """Who transfers and who is transferred, if both are extensions of one tenant."""
    from_caller = ksr.text("$ft") == ksr.text("$dlg(from_tag)")
    names = (ksr.dialog_var("from"), ksr.dialog_var("to"))
    first, second = (worker.view.subscriber(name) for name in (names if from_caller else reversed(names)))
    if first is None or second is None or first.domain != second.domain or not first.active:
        return None
    return first, second


def judged(wish: Wish, transferrer: Subscriber, transferee: Subscriber, index: Index, worker: Worker) -> Verdict:
    """The verdict on the call that a REFER asks for, as one of the transferrer."""
    if index.domain_of(wish.host or transferrer.domain) != transferrer.domain:
        return Refuse("transfer.domain", 403, "Forbidden")
    judge = judge_of(worker)
    if judge is None:
        return NOT_HERE
    verdict = judge(transferee, transferrer, wish.number)
    if isinstance(verdict, Refuse):
        return verdict
    if taken := parking.objection(verdict, transferrer.aor):
        return taken
    if not isinstance(verdict, RingExtension | RingList | CallOutside | PlayService):
        return NOT_HERE
    callee = verdict.callee.aor if isinstance(verdict, RingExtension) else ""
    if wish.replaced is None or _replaces(wish.replaced, transferrer.aor, callee):
        return verdict
    return UNKNOWN_CALL


def _replaces(replaced: Replaced, transferrer: str, callee: str) -> bool:
    """Whether the replaced dialog is one of the transferrer with exactly this callee."""
    found = transfer_port.parties_of(replaced.call_id, replaced.to_tag, replaced.from_tag)
    return bool(callee) and set(found) == {transferrer, callee}


def _grant(wish: Wish, transferrer: Subscriber, transferee: Subscriber) -> None:
    token = os.urandom(TOKEN_BYTES).hex()
    replaces = wish.replaced.header if wish.replaced else ""
    memory.keep_transfer(token, encode_grant(Grant(transferrer.aor, transferee.aor, wish.number, replaces)))
    uri = f"sip:{wish.number}{BEFORE_TOKEN}{token}@{transferrer.domain}"
    transfer_port.refer_to_instead(uri, wish.number, replaces, transferrer.aor)
