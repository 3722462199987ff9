"""Notes the messages of a call in its dialog, one short word each."""

import time

from ringfence.policy.calls import ladder
from ringfence.policy.calls.ladder import Step
from ringfence.signaling.ports import ksr

LADDER = "ladder"
"""The dialog variable."""


def note(sender: str, what: str) -> None:
    """One message that passes now; `sender` is a side as `policy.calls.ladder` names it."""
    started = float(ksr.dialog_var("started") or 0)
    at = max(0, int(1000 * (time.time() - started))) if started else 0
    told = ksr.dialog_var(LADDER)
    longer = ladder.add(told, Step(at, sender, what, ksr.has_sdp()))
    if longer is not told:
        ksr.set_dialog_var(LADDER, longer)
