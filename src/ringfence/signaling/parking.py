"""Parked calls: where each waits, and how whoever fetches it gets it (RFC 5359 section 2.14).

The parked phone talks to the voice process, which plays music; fetching it is a call to that phone that replaces it.
"""

from typing import Final

from ringfence.policy.model import Refuse, RingExtension, Unpark, Verdict
from ringfence.policy.services import Service
from ringfence.policy.transfer import Replaced
from ringfence.signaling import branches, ksr, memory
from ringfence.signaling.worker import Worker

NOTHING_PARKED: Final = Refuse("code.nothing_parked", 404, "Not Found")


def started() -> None:
    """A call was answered: if it is parked, it can be fetched from now on."""
    if ksr.dialog_var("to") == Service.PARK:
        here = Replaced(ksr.call_id(), ksr.text("$dlg(from_tag)"), ksr.text("$tt") or ksr.text("$dlg(to_tag)"))
        memory.park(ksr.dialog_var("payer"), f"{ksr.dialog_var('from')} {here.header}")


def ended() -> None:
    """A call ended: if it was parked, its place is free."""
    if ksr.dialog_var("to") == Service.PARK and ksr.call_id() in memory.parked(ksr.dialog_var("payer")):
        memory.unpark(ksr.dialog_var("payer"))


def is_taken(place: str) -> bool:
    return bool(memory.parked(place))


def fetched(verdict: Unpark, worker: Worker) -> Verdict:
    """The verdict on fetching: ring the parked phone with a call that replaces the music."""
    aor, _, replaces = memory.parked(verdict.place).partition(" ")
    parked = worker.view.subscriber(aor) if aor else None
    if parked is None or parked.domain != verdict.caller.domain:
        return NOTHING_PARKED
    branches.announce_replaced(replaces)
    return RingExtension(verdict.rule, parked.aor, verdict.caller, parked, verdict.caller)
