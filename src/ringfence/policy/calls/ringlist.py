"""Lists of extensions that are rung, one step after the other: what a ring group is made of."""

from collections.abc import Callable
from dataclasses import replace

from ringfence.policy.book import FindSubscriber
from ringfence.policy.calls.forwarding import MOST_FORWARDS, Judge, follow, forwarded
from ringfence.policy.model import Refuse, RingList, Step, Verdict


def wanted(verdict: RingList, find: FindSubscriber) -> RingList:
    """The list without whoever is switched off, does not want to be disturbed, or calls himself."""

    def rings(aor: str) -> bool:
        member = find(aor)
        return member is not None and member.active and not member.calling.do_not_disturb and aor != verdict.caller.aor

    return _only(verdict, rings)


def free(verdict: RingList, is_engaged: Callable[[str], bool]) -> RingList:
    """The list without whoever takes no further call at the moment."""
    return _only(verdict, lambda aor: not is_engaged(aor))


def _only(verdict: RingList, rings: Callable[[str], bool]) -> RingList:
    steps = (Step(tuple(aor for aor in step.aors if rings(aor)), step.seconds) for step in verdict.steps)
    return replace(verdict, steps=tuple(step for step in steps if step.aors))


def after_list(verdict: RingList, judge: Judge) -> Verdict:
    """The verdict on where the call goes when nobody of the list took it; the payer stays who it was."""
    if len(verdict.path) >= MOST_FORWARDS or verdict.name in verdict.path:
        return Refuse("forward.loop", 482, "Loop Detected")
    attempt = forwarded(verdict.caller, verdict.payer, verdict.path, verdict.otherwise)
    return follow(replace(attempt, path=(*verdict.path, verdict.name)), judge)


def encode_steps(steps: tuple[Step, ...]) -> str:
    """Steps as one short text.

    >>> encode_steps((Step(("101@a", "102@a"), 20), Step(("103@a",), 15)))
    '101@a,102@a:20 103@a:15'
    """
    return " ".join(f"{','.join(step.aors)}:{step.seconds}" for step in steps)


def decode_steps(text: str) -> tuple[Step, ...]:
    """The steps of a text. Raises ValueError."""
    found = (part.rpartition(":") for part in text.split())
    return tuple(Step(tuple(aors.split(",")), int(seconds)) for aors, _, seconds in found)
