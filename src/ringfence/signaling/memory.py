"""What all workers share: Kamailio's small tables, each with an end for what nobody takes away (`core.cfg`, htable).

Beside `ksr` the only importer of KSR.
"""

import sys
from collections.abc import Iterable
from typing import Any

import KSR

from ringfence.signaling.ports import ksr

CALLS_TABLE = "calls"
PHONES_TABLE, OPEN_TABLE, RENEWED_QUEUE = "phones", "open", "renewed"
TRANSFERS_TABLE = "transfers"
USED_TABLE = "transferred"
RINGING_TABLE = "ringing"
PICKED_TABLE = "picked"
PARKED_TABLE, CLAIMED_TABLE, OFFERS_TABLE = "parked", "claimed", "offers"
GATEWAYS_TABLE = "gateways"
MOST_GATEWAYS = 16
"""Gateways behind one address that are told apart."""
MOST_RINGING = 8
"""Calls that are kept under one key to be picked up."""
TEXTS_TABLE, TWINS_TABLE, ANSWERS_TABLE, TURNS_TABLE = "texts", "twins", "answers", "turns"


def keep_transfer(token: str, grant: str) -> None:
    KSR.htable.sht_sets(TRANSFERS_TABLE, token, grant)


def transfer(token: str) -> str:
    """What was granted under this token, "" for nothing."""
    return _text(KSR.htable.sht_get(TRANSFERS_TABLE, token))


def forget_transfer(token: str) -> bool:
    """Whether this worker is the one that used the token up: adding one and reading the sum is one step."""
    KSR.htable.sht_rm(TRANSFERS_TABLE, token)
    return bool(KSR.htable.sht_inc(USED_TABLE, token) == 1)


def note_gateway(source: str, account: str) -> None:
    """One that registered from there, the latest first. Each time anew, or the table would forget it."""
    accounts = dict.fromkeys((account, *gateways_at(source)))
    KSR.htable.sht_sets(GATEWAYS_TABLE, source, " ".join(list(accounts)[:MOST_GATEWAYS]))


def gateways_at(source: str) -> list[str]:
    """Those that registered from this address; some of them may have gone."""
    return _text(KSR.htable.sht_get(GATEWAYS_TABLE, source)).split()


def count_up(key: str) -> int:
    """One more in a counter that all workers share; the sum afterwards. Nothing that fails may look like room."""
    total: Any = KSR.htable.sht_inc(CALLS_TABLE, key)
    return total if total.__class__ is int and total > 0 else sys.maxsize


def count_down(key: str) -> int:
    """One less; the sum afterwards."""
    total: Any = KSR.htable.sht_dec(CALLS_TABLE, key)
    return total if total.__class__ is int else 0


def count_text(sender: str) -> int:
    """One more text message of this extension; how many it sent in the minute that its first one began."""
    total: Any = KSR.htable.sht_inc(TEXTS_TABLE, sender)
    return total if total.__class__ is int and total > 0 else sys.maxsize


def is_first_answer(call: str) -> bool:
    """Whether no other device answered this call before: adding one and reading the sum is one step."""
    return bool(KSR.htable.sht_inc(ANSWERS_TABLE, call) == 1)


def keep_twin(key: str, place: str) -> None:
    KSR.htable.sht_sets(TWINS_TABLE, key, place)


def twin(key: str) -> str:
    """Where a device is that answered a call too late, and who called it."""
    return _text(KSR.htable.sht_get(TWINS_TABLE, key))


def park(place: str, value: str) -> None:
    KSR.htable.sht_sets(PARKED_TABLE, place, value)


def claim_place(place: str) -> bool:
    """Whether no other call is on its way to this place: adding one and reading the sum is one step. A claim that
    nobody gives back ends by itself after some seconds.
    """
    return bool(KSR.htable.sht_inc(CLAIMED_TABLE, place) == 1)


def last_turn(payer: str) -> int:
    """What `end_turn` left of the latest call outside that somebody pays, 0 of nobody's in the last seconds."""
    return int(_text(KSR.htable.sht_get(TURNS_TABLE, payer)) or 0)


def claim_turn(payer: str, before: int) -> bool:
    """Whether this call is the next one after that."""
    return claim_place(f"{payer} {before}")


def end_turn(payer: str, mark: int) -> None:
    KSR.htable.sht_sets(TURNS_TABLE, payer, str(mark))


def count_offer(key: str) -> int:
    """One more offer since this look at a media relay; the sum afterwards. Nothing that fails may look like room."""
    total: Any = KSR.htable.sht_inc(OFFERS_TABLE, key)
    return total if total.__class__ is int and total > 0 else sys.maxsize


def release_place(place: str) -> None:
    KSR.htable.sht_rm(CLAIMED_TABLE, place)


def parked(place: str) -> str:
    """What waits at this place: who, and the dialog it waits in."""
    return _text(KSR.htable.sht_get(PARKED_TABLE, place))


def unpark(place: str) -> None:
    KSR.htable.sht_rm(PARKED_TABLE, place)


def count_of(key: str) -> int:
    """How many calls a counter holds now."""
    count: Any = KSR.htable.sht_get(CALLS_TABLE, key)
    return count if count.__class__ is int else 0


def note_ringing(keys: Iterable[str]) -> None:
    """Where this call can be found while it rings: its transaction and Call-ID. It is the first of several."""
    here = f"{ksr.text('$T(id_index)')}:{ksr.text('$T(id_label)')}:{ksr.call_id()}"
    for key in keys:
        calls = dict.fromkeys((here, *_rang(key)))
        KSR.htable.sht_sets(RINGING_TABLE, key, " ".join(list(calls)[:MOST_RINGING]))


def _rang(key: str) -> list[str]:
    """The calls under this key, the latest first; which of them still ring is not known here."""
    return _text(KSR.htable.sht_get(RINGING_TABLE, key)).split()


def aim_at_ringing(keys: Iterable[str], picker: str) -> bool:
    """Lets the script add the picker's devices to the first call under these keys that still rings. Whether there are
    any to look at.
    """
    calls = list(dict.fromkeys(call for key in keys for call in _rang(key)))
    for call in reversed(calls):  # the script takes what was put there last
        index, label, ringing_call_id = call.split(":", 2)
        others = _text(KSR.htable.sht_get(PICKED_TABLE, ringing_call_id)).split(",")
        KSR.htable.sht_sets(PICKED_TABLE, ringing_call_id, ",".join(dict.fromkeys((*filter(None, others), picker))))
        KSR.pv.seti("$avp(pick_index)", int(index))
        KSR.pv.seti("$avp(pick_label)", int(label))
    KSR.pv.sets("$avp(pick_uri)", f"sip:{picker}")
    return bool(calls)


def pickers() -> list[str]:
    """Who wanted to pick this call up; the phone of one of them answers first."""
    return _text(KSR.htable.sht_get(PICKED_TABLE, ksr.call_id())).split(",")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def allow_repeating(facts: str, grant: str, seconds: int, sender: str) -> None:
    """What `route[REPEATED]` may repeat for so long. No challenge of this sender is open any more."""
    KSR.htable.sht_setxs(PHONES_TABLE, facts, grant, seconds)
    KSR.htable.sht_rm(OPEN_TABLE, sender)


def next_renewal() -> str:
    """What the script told of the next registration it has repeated, "" when there is none."""
    fetched: Any = KSR.mqueue.mq_fetch(RENEWED_QUEUE)
    return _text(KSR.pv.get("$mqv(renewed)")) if fetched.__class__ is int and fetched > 0 else ""


def prompt(commits: int, until: int) -> None:
    """Under which commit the script may repeat, 0 for none, and until which Unix time it may believe that."""
    KSR.pv.seti("$shv(policy)", commits)
    KSR.pv.seti("$shv(until)", until)
