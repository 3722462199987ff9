"""Counts calls in memory that all workers share, and gives every count back when its call ends.

The counters are Kamailio's (htable), so that adding one and reading the sum is one step: two workers that admit the
last call at once see different sums. Which counters a call holds stands in its dialog, and warm start counts it again.
"""

import time
from collections.abc import Iterable

from ringfence.policy.book import Subscriber
from ringfence.policy.calls import limits
from ringfence.policy.calls.limits import HELD, OF_CIRCLE, CallFacts
from ringfence.policy.model import Refuse
from ringfence.signaling import memory
from ringfence.signaling.ports import ksr
from ringfence.signaling.relay import mediaroom
from ringfence.signaling.worker import Worker


def admit(call: CallFacts, worker: Worker, already: Iterable[str] = ()) -> Refuse | None:
    """The objection to one more call, or None; then `attach` has to follow as soon as the dialog exists.

    `already` are counters in which another dialog counts this very call, for as long as it may last.
    """
    give_back(worker.unattached)  # of a call whose dialog never came to be
    worker.unattached = ()
    held: list[str] = []
    objection = _suspended(call, worker) or _crowded(call, worker) or _count(call, list(already), held)
    worker.unattached = () if objection else tuple(held)
    return objection


def attach(worker: Worker) -> None:
    """Ties the counts of the admitted call to its dialog."""
    ksr.set_dialog_var(HELD, " ".join(worker.unattached))
    worker.unattached = ()


def readmit(call: CallFacts, worker: Worker) -> Refuse | None:
    """The same for a call that goes on elsewhere: over another trunk, to another extension. What it no longer uses is
    given back; if there is an objection, everything stays as it was.
    """
    before = ksr.dialog_var(HELD).split()
    held: list[str] = []
    objection = _suspended(call, worker) or _count(call, before, held)
    if objection:
        return objection
    give_back(before)
    ksr.set_dialog_var(HELD, " ".join(counter.key for counter in limits.counters(call)))
    return None


def counts_for(trunk_id: int) -> bool:
    """Whether the call of this dialog already holds the line that it goes out by over this trunk."""
    lines = ksr.dialog_var(HELD).split().count(f"trunk:{trunk_id}")
    return lines > (ksr.dialog_var("came_by") == str(trunk_id))


def release_one(key: str) -> None:
    """Gives back this one of what the call of this dialog holds, which goes on without it."""
    held = ksr.dialog_var(HELD).split()
    if key in held:
        held.remove(key)
        ksr.set_dialog_var(HELD, " ".join(held))
        give_back((key,))


def circle() -> str:
    """What the call of this dialog holds against going round, while it rings."""
    return next((key for key in ksr.dialog_var(HELD).split() if key.startswith(OF_CIRCLE)), "")


def answered(worker: Worker) -> None:
    """Whoever answered is no forward that leads back. From now on those are counted who talk: whoever picked the call
    up, or took it for a group, and no more whom it was for. Nobody is refused here what he has.
    """
    if key := circle():
        release_one(key)
    talks = ksr.dialog_var("to")
    counted = {limits.of_extension(ksr.dialog_var(name)) for name in ("from", "payer", "to")}
    for key in ksr.dialog_var(HELD).split():
        if (key.startswith(limits.OF_EXTENSION) and key not in counted) or key == limits.of_payer(talks):
            release_one(key)
    if (
        limits.of_extension(talks) not in ksr.dialog_var(HELD).split()
        and "@" in talks
        and worker.view.subscriber(talks)
    ):
        _hold(limits.of_extension(talks))


def pays_on(aor: str) -> None:
    """An extension leaves the call of this dialog, which goes on at its cost."""
    _hold(limits.of_payer(aor))


def _hold(key: str) -> None:
    memory.count_up(key)
    ksr.set_dialog_var(HELD, f"{ksr.dialog_var(HELD)} {key}".strip())


def calls_besides(aor: str) -> int:
    """The calls that count for an extension, but for the one at hand, which it is not in unless it called."""
    return _besides(limits.of_extension(aor), aor)


def is_talking_besides(aor: str) -> bool:
    """Whether it takes part in any of those: what it only forwarded or transferred goes on without it."""
    return calls_besides(aor) > _besides(limits.of_payer(aor), aor)


def _besides(key: str, aor: str) -> int:
    at_hand = aor != ksr.dialog_var("from") and key in ksr.dialog_var(HELD).split()
    return memory.count_of(key) - at_hand


def objection_to_picker(picker: Subscriber) -> Refuse | None:
    """To an extension taking a call that rings elsewhere: for it that is one more."""
    return limits.over(limits.of_caller(picker), memory.count_of(limits.of_extension(picker.aor)) + 1, emergency=False)


def release() -> None:
    """Gives back what the ended call of this dialog held."""
    held = ksr.dialog_var(HELD)
    if held:
        ksr.set_dialog_var(HELD, "")
        give_back(held.split())


def give_back(keys: Iterable[str]) -> None:
    for key in keys:
        if memory.count_down(key) < 0:
            memory.count_up(key)


def refuse(objection: Refuse) -> None:
    """Answers the caller with the reason, also in the words of the telephone network."""
    tell_cause(objection)
    ksr.reply(objection.code, objection.reason)


def tell_cause(objection: Refuse) -> None:
    """For the answer that comes next."""
    cause = limits.CAUSES.get(objection.code)
    if cause:
        ksr.reply_header(f"Reason: {cause}")


def _suspended(call: CallFacts, worker: Worker) -> Refuse | None:
    names = limits.suspendable(call)
    return limits.SUSPENDED if names and worker.suspensions.holds_one_of(names, time.monotonic()) else None


def _crowded(call: CallFacts, worker: Worker) -> Refuse | None:
    """What is left in a relay is for calls for help."""
    return None if call.emergency or mediaroom.takes_caller(worker) else limits.NO_ROOM


def _count(call: CallFacts, already: list[str], held: list[str]) -> Refuse | None:
    """Adds the call to each counter that does not count it yet; on an objection takes all that back. What is left in
    `already` the call does not use any more.
    """
    for counter in limits.counters(call):
        if counter.key in already:
            already.remove(counter.key)
            continue
        held.append(counter.key)
        objection = limits.over(counter, memory.count_up(counter.key), emergency=call.emergency)
        if objection is not None:
            give_back(held)
            return objection
    return None
