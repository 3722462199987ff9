"""Joins two calls of a phone at its wish: an attended transfer where whom it asked is outside (RFC 5589 section 7).

Nobody outside is sent elsewhere and no call is made: the voice process takes the phone's place in both (docs/adr/0059).
"""

import os
from typing import Any, Final, NamedTuple

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.handover import ASKED, DEPTH, JOINS, OF, SINCE
from ringfence.policy.calls.transfer import TOKEN_BYTES, Replaced, wish_in
from ringfence.policy.model import CallOutside, Refuse
from ringfence.policy.relay.relayed import place
from ringfence.signaling import facts
from ringfence.signaling.calling import calls, hangup, sides
from ringfence.signaling.features import handover
from ringfence.signaling.features.handover import Beginning
from ringfence.signaling.features.placing import party_outside
from ringfence.signaling.features.transfers import NOT_HERE, UNKNOWN_CALL
from ringfence.signaling.judging import judge_of
from ringfence.signaling.ports import hangup_port, ksr, media_port, transfer_port
from ringfence.signaling.worker import Worker

_NAMES: Final = {"caller": "from", "callee": "to"}
_OTHER: Final = {"caller": "callee", "callee": "caller"}


class Call(NamedTuple):
    """One of the two calls: on which side of it the phone is, whether it goes out, and whether the party is another
    phone of ours; `name` is our id of it.
    """

    side: str
    outbound: bool
    inside: bool
    name: str
    dialled: str
    party: str
    depth: int


def concerns() -> bool:
    """Whether the REFER at hand names another call in which somebody outside, or a party handed over, is asked. Whoever
    does not wait for the answer there is handed on like anybody (`transfers.wish_of`).
    """
    if (asked := _asked()) is None:
        return False
    found = (
        ksr.select_dialog(asked.call_id, asked.to_tag, asked.from_tag)
        and ksr.dialog_var("answered")
        and _is_held_here()
    )
    ksr.find_dialog()
    return bool(found)


def begin(worker: Worker) -> Refuse | None:
    """Takes such a REFER of an extension; or the objection to it."""
    since, asked = ksr.dialog_var(SINCE), _asked()
    if since.partition(" ")[0] == str(ksr.sequence_number()):  # the same once more
        ksr.reply(202, "Accepted")
        return None
    side = handover.sender()
    aor = ksr.dialog_var(_NAMES[side])
    transferrer = worker.view.subscriber(aor) if worker.view.current() else None
    if objection := handover.objection_to(transferrer, since):
        return objection
    heard_at = place(media_port.media_report(), ksr.text("$ft"))
    if asked is None or transferrer is None or heard_at is None or asked.call_id == ksr.call_id():
        return UNKNOWN_CALL
    first = _call(side)
    token, other_token = (os.urandom(TOKEN_BYTES).hex() for _ in range(2))
    second = _second(asked, aor)
    if isinstance(second, Refuse):
        ksr.find_dialog()
        return second
    told = _told(second.side, other_token)
    ksr.find_dialog()
    if objection := _objection(second, transferrer, first, worker) or _unspeakable(told):
        return objection
    news = {
        **handover.transfer_told(token, second.dialled, transferrer, first.party, heard_at),
        "phone": ksr.text("$(ct{nameaddr.uri})") or hangup_port.told(f"{_NAMES[side]}_contact"),
        "other": told,
    }
    pair = Pair(first, second, asked)
    pair.note(token, other_token, worker)
    if not worker.voice.tell("handover", **news):
        pair.note("", "", worker)
        return handover.AWAY
    ksr.reply(202, "Accepted")
    return None


class Pair(NamedTuple):
    """The two calls that become one."""

    first: Call
    second: Call
    asked: Replaced

    def note(self, token: str, other_token: str, worker: Worker) -> None:
        """In both dialogs, whose places are taken from now on under these tokens; "" takes that back."""
        first, second = self.first, self.second
        depth, sequence = max(first.depth, second.depth) + 1, ksr.sequence_number()
        ksr.select_dialog(self.asked.call_id, self.asked.to_tag, self.asked.from_tag)
        handover.note(second.side, Beginning(other_token, 0, second.outbound))
        _note_partner("" if first.inside else first.name, depth, asked="1")
        handover.keep(worker)
        ksr.find_dialog()
        handover.note(first.side, Beginning(token, sequence, first.outbound))
        _note_partner(second.name if first.inside else "", depth)
        handover.keep(worker)


def _note_partner(name: str, depth: int, asked: str = "") -> None:
    """`name` is our id of the call that this one goes on with; "" for the one that counts for both."""
    for variable, value in ((ASKED, asked), (JOINS, name), (DEPTH, str(depth))):
        ksr.set_dialog_var(variable, value)


def _asked() -> Replaced | None:
    wish = wish_in(transfer_port.refer_to()) if transfer_port.refer_to_count() == 1 else None
    return None if wish is None or isinstance(wish, Refuse) else wish.replaced


def _is_held_here() -> bool:
    """Whether the dialog at hand leads outside, or to whom the voice process has connected it."""
    parties = (ksr.dialog_var("caller"), ksr.dialog_var("callee"))
    return bool(sides.outer_sides()) or (bool(ksr.dialog_var(OF)) and facts.VOICE in parties)


def _call(side: str) -> Call:
    """The dialog at hand, in which the phone is on this side."""
    outer = sides.outer_sides()
    return Call(
        side,
        "callee" in outer and side == "caller",
        not _is_held_here(),
        ksr.dialog_var("id"),
        ksr.dialog_var("number") or ksr.dialog_var("dialled"),
        ksr.dialog_var(_NAMES[_OTHER[side]]),
        int(ksr.dialog_var(DEPTH) or 0),
    )


def _second(asked: Replaced, aor: str) -> Call | Refuse:
    """The call that the transferrer asked in; it is the dialog at hand afterwards."""
    if not ksr.select_dialog(asked.call_id, asked.to_tag, asked.from_tag):
        return UNKNOWN_CALL
    outer = sides.outer_sides()
    side = next((one for one, name in _NAMES.items() if ksr.dialog_var(name) == aor and one not in outer), "")
    if not side or not ksr.dialog_var("answered") or ksr.dialog_var(calls.OVER):
        return UNKNOWN_CALL
    return handover.pending(ksr.dialog_var(SINCE)) or _call(side)


def _objection(second: Call, transferrer: Subscriber, first: Call, worker: Worker) -> Refuse | None:
    """To a call outside that goes on without whoever made it: it is judged as one of theirs, like any other."""
    if not second.outbound:
        return None
    judge = judge_of(worker)
    if judge is None:
        return NOT_HERE
    verdict = judge(party_outside(first.party, transferrer), transferrer, second.dialled)
    if isinstance(verdict, Refuse):
        calls.journal_refused_call(worker, verdict, transferrer, second.dialled)
        return verdict
    return None if isinstance(verdict, CallOutside) else NOT_HERE


def _told(side: str, token: str) -> dict[str, Any]:
    """The dialog at hand, as the phone on this side of it knows it."""
    here, there = _NAMES[side], _NAMES[_OTHER[side]]
    return {
        "token": token,
        "call_id": hangup_port.told("callid"),
        "ours": f"<{hangup.uri_of(here)}>;tag={hangup_port.told(f'{here}_tag')}",
        "theirs": f"<{hangup.uri_of(there)}>;tag={hangup_port.told(f'{there}_tag')}",
        "target": hangup_port.told(f"{there}_contact"),
        "began": hangup_port.told("from_tag"),
        "cseq": ksr.number(f"$dlg({here}_cseq)"),
        "codec": ksr.dialog_var("codec"),
        "phone": hangup_port.told(f"{here}_contact"),
        "base": handover.party_number(side),
    }


def _unspeakable(told: dict[str, Any]) -> Refuse | None:
    """Nobody repeats in the phone's name what might end a line."""
    is_speakable = all(value.isprintable() for value in told.values() if isinstance(value, str))
    return None if is_speakable and handover.is_speakable() else handover.UNSPEAKABLE
