"""Pick-up: the phone that dialled *8 becomes one more device of the call that rings elsewhere.

So the caller's transaction goes on and nothing has to be joined; the device is asked to answer by itself (`core.cfg`).
"""

from typing import Final

from ringfence.policy.model import PickUp, RingList, Rung, Step
from ringfence.policy.outgoing.codes import group_keys
from ringfence.signaling import memory
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker

NOTHING_RINGS: Final = (404, "Not Found")
TAKEN: Final = (487, "Picked Up")
"""A phone shows this like a call it gave up itself, and rings with the other call at once."""


def note(verdict: Rung, worker: Worker) -> None:
    """Where the call that rings now can be found by whoever picks it up."""
    keys: dict[str, None] = {}
    steps = verdict.steps if isinstance(verdict, RingList) else (Step((verdict.aor,), 0),)
    for aor in steps[0].aors:
        keys[aor] = None
        member = verdict.callee if not isinstance(verdict, RingList) else worker.view.subscriber(aor)
        if member is not None:
            keys.update(dict.fromkeys(group_keys(member)))
    memory.note_ringing(keys)


def begin(verdict: PickUp) -> None:
    """Finds the calls; `core.cfg` then adds the devices to the first that still rings, and `finish` answers."""
    if not memory.aim_at_ringing(verdict.keys, verdict.caller.aor):
        ksr.reply(*NOTHING_RINGS)


def finish(taken: bool) -> None:
    """The answer to whoever dialled the code."""
    ksr.reply(*(TAKEN if taken else NOTHING_RINGS))
