"""Hands a party outside over to whoever a REFER names: the voice process rings there and then takes the phone's place.

The provider hears of nothing but a new session description. The phone keeps its call until that is done
(docs/adr/0047).
"""

import os
import time
from typing import Any, Final, NamedTuple

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.handover import (
    ASKED,
    BASE,
    DEEPEST,
    DEPTH,
    HANDED,
    HANDING,
    JOINS,
    LEFT,
    OF,
    PHONE,
    PROOF_HEADER,
    RAISED,
    SIDE,
    SINCE,
    TOLL,
    Promise,
    counted_already,
    encode_promise,
    is_over,
    leads_on,
)
from ringfence.policy.calls.limits import HELD, of_extension, of_payer
from ringfence.policy.calls.transfer import TOKEN_BYTES, Wish
from ringfence.policy.events import Kind
from ringfence.policy.model import CallOutside, Refuse, RingExtension, Verdict
from ringfence.policy.relay.media import PLAIN_LEG, encode_leg
from ringfence.policy.relay.relayed import place
from ringfence.signaling import facts, memory, told
from ringfence.signaling.calling import calls, claims, limits, sides
from ringfence.signaling.features import holding, transfers
from ringfence.signaling.features.placing import party_outside
from ringfence.signaling.ports import ksr, media_port, transfer_port
from ringfence.signaling.relay import media
from ringfence.signaling.worker import Worker

PENDING: Final = Refuse("transfer.pending", 491, "Request Pending")
AWAY: Final = Refuse("transfer.away", 503, "Service Unavailable")
TOO_DEEP: Final = Refuse("transfer.depth", 482, "Loop Detected")
UNSPEAKABLE: Final = Refuse("transfer.headers", 400, "Bad Request")
TAKING, PHONE_LEG = "taking", "phone_leg"
"""While the answer to the new session description is awaited; what the phone's leg was before."""

_CONTACTS: Final = {"caller": "from_contact", "callee": "to_contact"}


def concerns() -> bool:
    """Whether the REFER at hand sends on somebody outside, directly or behind an earlier handover."""
    other = "callee" if sender() == "caller" else "caller"
    return other in sides.outer_sides() or (bool(ksr.dialog_var(OF)) and ksr.dialog_var(other) == facts.VOICE)


def begin(worker: Worker) -> Refuse | None:
    """Takes a REFER of an extension, judged as its call; or the objection to it."""
    since = ksr.dialog_var(SINCE)
    if since.partition(" ")[0] == str(ksr.sequence_number()):  # the same once more
        ksr.reply(202, "Accepted")
        return None
    index = worker.view.current()
    transferrer = worker.view.subscriber(ksr.dialog_var("from" if sender() == "caller" else "to")) if index else None
    objection = objection_to(transferrer, since)
    if objection or transferrer is None:
        return objection or transfers.NOT_HERE
    wish = transfers.wish_of(transferrer, worker)
    if not is_speakable():
        return UNSPEAKABLE
    if isinstance(wish, Refuse):
        return wish
    verdict = _judged(wish, transferrer, worker)
    if isinstance(verdict, Refuse):
        calls.journal_refused_call(worker, verdict, transferrer, wish.number)
        return verdict
    if not leads_on(verdict):
        return transfers.NOT_HERE
    return _ask_voice(wish, transferrer, verdict, worker)


def objection_to(transferrer: Subscriber | None, since: str) -> Refuse | None:
    if transferrer is None or not transferrer.active or not ksr.dialog_var("answered"):
        return transfers.NOT_HERE
    if transfer_port.refer_to_count() != 1:
        return transfers.TWICE
    return pending(since)


def pending(since: str) -> Refuse | None:
    """The objection to one more handover of the dialog at hand."""
    if ksr.dialog_var(HANDED) or (ksr.dialog_var(HANDING) and not is_over(since, time.time())):
        return PENDING
    return TOO_DEEP if int(ksr.dialog_var(DEPTH) or 0) >= DEEPEST else None


def _judged(wish: Wish, transferrer: Subscriber, worker: Worker) -> Verdict:
    index = worker.view.current()
    party = party_outside(_name_of_party(), transferrer)
    return transfers.judged(wish, transferrer, party, index, worker) if index else transfers.NOT_HERE


def _name_of_party() -> str:
    return ksr.dialog_var("to" if sender() == "caller" else "from")


def _ask_voice(wish: Wish, transferrer: Subscriber, verdict: Verdict, worker: Worker) -> Refuse | None:
    side = sender()
    heard_at = place(media_port.media_report(), ksr.text("$ft"))
    if heard_at is None:
        return transfers.NOT_HERE
    token = os.urandom(TOKEN_BYTES).hex()
    callee = verdict.callee.aor if isinstance(verdict, RingExtension) else ""
    held = ksr.dialog_var(HELD)
    if ksr.dialog_var(OF):  # the call this one goes on with counts for the tenant
        held += f" tenant:{ksr.dialog_var('tenant')}"
    promise = Promise(
        transferrer.aor,
        _name_of_party(),
        wish.number,
        ksr.dialog_var("id"),
        str(int(ksr.dialog_var(DEPTH) or 0) + 1),
        f"{counted_already(held, transferrer.aor, callee)} {of_payer(transferrer.aor)}",
        wish.replaced.header if wish.replaced else "",
    )
    memory.keep_transfer(token, encode_promise(promise))
    note(side, Beginning(token, ksr.sequence_number(), isinstance(verdict, CallOutside)))
    news = {
        **transfer_told(token, wish.number, transferrer, promise.party, heard_at),
        "phone": ksr.text("$(ct{nameaddr.uri})") or ksr.text(f"$dlg({_CONTACTS[side]})"),
    }
    if not worker.voice.tell("handover", **news):
        ksr.set_dialog_var(HANDING, "")
        return AWAY
    keep(worker)
    ksr.reply(202, "Accepted")
    return None


class Beginning(NamedTuple):
    """What a dialog has to know of a handover that begins; `asked` is the CSeq of its REFER."""

    token: str
    asked: int
    toll: bool


def party_number(side: str) -> int:
    """The highest CSeq that the phone on this side may have seen from the party."""
    return _base(side) + int(ksr.dialog_var(RAISED) or 0)


def _base(side: str) -> int:
    return ksr.number("$dlg(to_cseq)" if side == "caller" else "$dlg(from_cseq)")


def note(side: str, beginning: Beginning) -> None:
    """The phone on this side of the dialog at hand is about to be replaced."""
    values = {
        HANDING: beginning.token,
        SINCE: f"{beginning.asked} {time.time():.0f}",
        PHONE: ksr.dialog_var(side),
        SIDE: side,
        LEFT: "",
        TOLL: "1" if beginning.toll else "",
        BASE: str(_base(side)),
        ASKED: "",
        JOINS: "",
    }
    for name, value in values.items():
        ksr.set_dialog_var(name, value)


def dialog_told(token: str) -> dict[str, Any]:
    """The dialog as the phone knows it, from the request at hand."""
    return {
        "token": token,
        "call_id": ksr.call_id(),
        "ours": ksr.text("$hdr(From)"),
        "theirs": ksr.text("$hdr(To)"),
        "target": ksr.target_uri(),
        "route": ksr.text("$(hdr(Route)[*])"),
        "cseq": ksr.sequence_number(),
    }


def transfer_told(
    token: str, number: str, transferrer: Subscriber, party: str, heard_at: tuple[str, int]
) -> dict[str, Any]:
    """What the voice process hears of a transfer whose REFER is at hand, but for where the phone is reached."""
    return {
        **dialog_told(token),
        "number": number,
        "domain": transferrer.domain,
        "party": party_outside(party, transferrer).aor,
        "relay": heard_at,
        "codec": ksr.dialog_var("codec"),
        "base": party_number(sender()),
    }


def is_speakable() -> bool:
    """Whether the voice process can speak as this phone: folded lines and control characters are not repeated."""
    told = (*map(str, dialog_told("").values()), transfer_port.refer_to(), ksr.text("$ct"))
    return all(value.isprintable() for value in told)


def takes(method: str, objection: Refuse | None, worker: Worker) -> bool:
    """Whether this request within a dialog belongs to a handover, and is carried out."""
    if not ksr.dialog_var(PHONE):
        return False
    if facts.from_voice():
        return _from_voice(method, objection, worker)
    if sender() != ksr.dialog_var(SIDE) or ksr.source() != facts.party_address(ksr.dialog_var(PHONE)):
        return False
    if ksr.dialog_var(HANDED) or ksr.dialog_var(LEFT):
        if method != "ACK":
            ksr.reply(*((200, "OK") if method == "BYE" else (481, "Call/Transaction Does Not Exist")))
        return True
    return method == "BYE" and bool(ksr.dialog_var(HANDING)) and _phone_leaves(worker)


def _from_voice(method: str, objection: Refuse | None, worker: Worker) -> bool:
    if not (shown := ksr.text(f"$hdr({PROOF_HEADER})")) or shown != ksr.dialog_var(HANDING):
        return False
    if sender() != ksr.dialog_var(SIDE):
        _tell_phone(method, worker)
        return True
    if method != "INVITE" or (objection is not None and objection.rule != "dialog.party"):
        return False
    side = ksr.dialog_var(SIDE)
    leg = media.CALLER if side == "caller" else media.CALLEE
    for name, value in ((PHONE_LEG, ksr.dialog_var(leg)), (leg, encode_leg(PLAIN_LEG)), (TAKING, "1")):
        ksr.set_dialog_var(name, value)
    calls.carry_in_dialog(method, worker)
    return True


def _phone_leaves(worker: Worker) -> bool:
    """The phone hangs up while it still rings elsewhere: the party waits on, with music. False: nobody keeps it."""
    if not is_speakable() or not worker.voice.tell("handover-left", **dialog_told(ksr.dialog_var(HANDING))):
        return False
    ksr.set_dialog_var(LEFT, "1")
    ksr.set_dialog_var(ksr.dialog_var(SIDE), facts.VOICE)
    ksr.set_dialog_var("held", ksr.text("$tt"))
    holding.obey()
    keep(worker)
    ksr.reply(200, "OK")
    return True


def _tell_phone(method: str, worker: Worker) -> None:
    """What the phone hears of its transfer, and its end of the call, in the name of the party."""
    if method not in ("NOTIFY", "BYE"):
        ksr.reply(403, "Forbidden")
        return
    if ksr.retransmission():
        return
    ends = method == "NOTIFY" and ksr.text("$hdr(Subscription-State)").startswith("terminated")
    has_failed = ends and not ksr.dialog_var(HANDED)
    if ksr.dialog_var(LEFT):
        ksr.reply(481, "Call/Transaction Does Not Exist")
        if has_failed:
            transfer_port.end_dialog()
        return
    phone = ksr.dialog_var(PHONE)
    ksr.set_dialog_var(RAISED, str(max(ksr.sequence_number() - int(ksr.dialog_var(BASE) or 0), 0)))
    if has_failed:
        give_back(worker)
        ksr.set_dialog_var(HANDING, "")
        keep(worker)
    claims.strip()
    ksr.set_next_hop(phone)
    if not ksr.relay():
        ksr.reply(500, "Server Internal Error")


def answered(worker: Worker) -> None:
    """A reply to a request within a dialog: with the party's own answer the phone's place is taken."""
    code = ksr.number("$rs")
    if code < 200 or not ksr.dialog_var(TAKING) or ksr.text("$rm") != "INVITE" or sender() != ksr.dialog_var(SIDE):
        return
    if code >= 300:
        give_back(worker)
        return
    ksr.set_dialog_var(TAKING, "")
    ksr.set_dialog_var(HANDED, "1")
    aor = ksr.dialog_var("from" if ksr.dialog_var(SIDE) == "caller" else "to")
    if ksr.dialog_var(TOLL):
        limits.pays_on(aor)
    else:
        limits.release_one(of_extension(aor))
    if joined := ksr.dialog_var(JOINS):
        ksr.set_dialog_var(OF, joined)
        limits.release_one(f"tenant:{ksr.dialog_var('tenant')}")


def give_back(worker: Worker) -> None:
    """The party did not take the new session description: the phone has its call as before."""
    if not ksr.dialog_var(TAKING):
        return
    side = ksr.dialog_var(SIDE)
    has_place = ksr.dialog_var(LEFT) or ksr.dialog_var(HANDED)
    back = facts.VOICE if has_place else ksr.dialog_var(PHONE)
    leg = media.CALLER if side == "caller" else media.CALLEE
    for name, value in ((TAKING, ""), (side, back), (leg, ksr.dialog_var(PHONE_LEG))):
        ksr.set_dialog_var(name, value)
    if ksr.dialog_var(ASKED) and not has_place:  # in that call nobody is told of it
        ksr.set_dialog_var(HANDING, "")
    keep(worker)


def sender() -> str:
    """The side of whoever sent this request, or of whose request this is the reply."""
    return "caller" if ksr.text("$ft") == ksr.text("$dlg(from_tag)") else "callee"


def keep(worker: Worker) -> None:
    """The next core has to know it too."""
    worker.journal.append(Kind.CALL_CONFIRMED, told.confirmed())
