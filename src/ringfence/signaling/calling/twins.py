"""A second device that answers in the same moment as the first: the call is the first one's, and the caller hangs the
other one up (RFC 3261 section 13.2.2.4). Kamailio's dialog knows the first alone, so the way to the other is kept here.
"""

import time
from typing import Final

from ringfence.signaling import facts, memory, told
from ringfence.signaling.calling import claims
from ringfence.signaling.ports import ksr

BEHIND: Final = 0.02
"""Seconds that a worker holds such an answer: the first one, on its way through another worker, is to arrive first."""

CARRIED: Final = frozenset({"ACK", "BYE"})


def answers(code: int) -> bool:
    """Whether this reply is the answer of such a device; it goes on to the caller, without a session description."""
    if not 200 <= code < 300:
        return False
    first = ksr.dialog_var(told.CALLED_TAG)
    if first == ksr.text("$tt") or (not first and memory.is_first_answer(f"{ksr.call_id()} {ksr.text('$ft')}")):
        return False
    time.sleep(BEHIND)
    ksr.remove_body()
    memory.keep_twin(_key(), f"{facts.party()} {facts.party_address(ksr.dialog_var('caller'))}")
    return True


def rings_late(code: int) -> bool:
    """Whether this is from a device that begins to ring when another one has answered.

    Kamailio cancels only where something was heard, and notes a device's first answer after this route alone, so one
    that comes between the call's answer and its CANCELs would ring on. While it is held here it counts as heard.
    """
    if code >= 200 or not ksr.dialog_var(told.CALLED_TAG):
        return False
    time.sleep(BEHIND)
    return True


def carries(method: str) -> bool:
    """Whether this request belongs to no call because it is for such a device; from the caller's own address alone."""
    if method not in CARRIED:
        return False
    place, _, caller = memory.twin(_key()).partition(" ")
    if not place or caller != ksr.source():
        return False
    claims.strip()
    if ksr.has_body():
        ksr.remove_body()
    ksr.set_next_hop(place)
    if not ksr.relay() and method != "ACK":
        ksr.reply(500, "Server Internal Error")
    return True


def _key() -> str:
    return f"{ksr.call_id()} {ksr.text('$tt')}"
