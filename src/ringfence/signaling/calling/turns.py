"""Judges the calls outside of one payer one after the other, each when the guard has charged the one before it.

Otherwise all those pass a budget that other workers judge in the milliseconds in which it trips (docs/adr/0022). A call
that has no other beside it waits for nothing. Which call was the last stands in memory that all workers share, and is
forgotten after seconds.
"""

import time
from typing import Final

from ringfence.policy.model import CallOutside
from ringfence.signaling import memory
from ringfence.signaling.worker import Worker

LONGEST_WAIT: Final = 0.1
LOOK_EVERY: Final = 0.0005
IMPATIENT_FOR: Final = 1.0
"""Seconds in which a worker waits for nobody: the guard is not there, or another worker was killed in its turn."""


def take(call: CallOutside, worker: Worker) -> None:
    """Waits for this call's turn, LONGEST_WAIT at most; then `end` has to follow. A call for help has no turn."""
    if call.emergency:
        return
    began = time.monotonic()
    worker.suspensions.holds_one_of((), began)
    while not _is_next(call.payer.aor, worker):
        now = time.monotonic()
        if now < worker.impatient_until:
            return
        if now - began >= LONGEST_WAIT:
            worker.impatient_until = now + IMPATIENT_FOR
            return
        time.sleep(LOOK_EVERY)


def end(call: CallOutside, *, to_charge: bool) -> None:
    """The next one may be judged: at once, or when the guard has charged this one, which stands in the journal."""
    if call.emergency:
        return
    now = time.monotonic_ns()
    memory.end_turn(call.payer.aor, now if to_charge else -now)


def _is_next(payer: str, worker: Worker) -> bool:
    before = memory.last_turn(payer)
    return worker.suspensions.is_judged(before) and memory.claim_turn(payer, before)
