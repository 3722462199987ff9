"""Parked calls: where each waits, and how whoever fetches it gets it (RFC 5359 section 2.14).

The parked phone talks to the voice process, which plays music; fetching it is a call to that phone that replaces it.
"""

from typing import Final

from ringfence.policy.calls.handover import DEPTH, HEARD_BY, MEETS, OF
from ringfence.policy.calls.parked import place_of
from ringfence.policy.calls.services import Service
from ringfence.policy.calls.transfer import Replaced
from ringfence.policy.model import PlayService, Refuse, RingExtension, Unpark, Verdict
from ringfence.signaling import memory
from ringfence.signaling.calling import branches
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker

NOTHING_PARKED: Final = Refuse("code.nothing_parked", 404, "Not Found")
TAKEN: Final = Refuse("code.park_taken", 486, "Busy Here")


def started() -> None:
    """A call was answered: if it is parked, it can be fetched from now on."""
    if ksr.dialog_var("to") != Service.PARK:
        return
    here = Replaced(ksr.call_id(), ksr.text("$dlg(from_tag)"), ksr.text("$tt") or ksr.text("$dlg(to_tag)"))
    if place := place_of({name: ksr.dialog_var(name) for name in ("to", "from", "payer", "id", HEARD_BY)}, here):
        memory.park(*place)
        memory.release_place(place.owner)


def ended() -> None:
    """A call ended: if it was parked, its place is free."""
    if ksr.dialog_var("to") == Service.PARK and ksr.call_id() in memory.parked(ksr.dialog_var("payer")):
        memory.unpark(ksr.dialog_var("payer"))


def objection(verdict: Verdict, place: str) -> Refuse | None:
    """To parking one more call where one waits already; None for a verdict that parks nothing."""
    return TAKEN if _parks(verdict) and memory.parked(place) else None


def claimed(verdict: PlayService) -> Refuse | None:
    """The same for a call that is on its way there: of two at once only one gets the place."""
    if not _parks(verdict):
        return None
    place = verdict.payer.aor
    if not memory.claim_place(place):
        return TAKEN
    if not memory.parked(place):
        return None
    memory.release_place(place)
    return TAKEN


def _parks(verdict: Verdict) -> bool:
    return isinstance(verdict, PlayService) and verdict.service is Service.PARK


def fetched(verdict: Unpark, worker: Worker) -> Verdict:
    """The verdict on fetching: ring the parked phone with a call that replaces the music. Somebody outside has no phone
    here: the voice process, which keeps that call, ties this one to it.
    """
    aor, _, where = memory.parked(verdict.place).partition(" ")
    replaces, _, told = where.partition(" ")
    if not aor or aor.rpartition("@")[2] != verdict.caller.domain:
        return NOTHING_PARKED
    parked = worker.view.subscriber(aor)
    if parked is None:
        kept = " ".join((replaces.partition(";")[0], aor, told))
        return PlayService(verdict.rule, Service.FETCH, kept, verdict.caller, verdict.caller)
    branches.announce_replaced(replaces)
    return RingExtension(verdict.rule, parked.aor, verdict.caller, parked, verdict.caller)


def told_of(verdict: PlayService) -> dict[str, str]:
    """What the dialog of a call to the voice process holds besides: of one that fetches somebody outside, whom it is
    with and which call it goes on with.
    """
    if verdict.service is not Service.FETCH:
        return {}
    _, aor, call_id, family = verdict.argument.split(" ")
    return {"to": aor, OF: call_id, DEPTH: "1", MEETS: family}
