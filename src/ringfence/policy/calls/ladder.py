"""The messages of one call as a short text that travels in its dialog, for the ladder diagram of its record.

Each step is milliseconds since the start, who sent it (c: caller, d: the called side, p: this system) and what: a
method or a status code, with a + if it carried a session description. No header, no number and no secret is in it.
"""

import re
from typing import Final, NamedTuple

MOST_CHARACTERS: Final = 1_000
"""A call that says more, with many re-INVITEs, is cut; its end is always told by the record."""

CALLER, CALLED, SYSTEM = "c", "d", "p"
_STEP: Final = re.compile(r"(\d{1,9})([cdp])([A-Z]{2,16}|\d{3})(\+?)")


class Step(NamedTuple):
    """One message: when, in milliseconds since the start, from which side, what it was."""

    at: int
    sender: str
    what: str
    has_body: bool


def add(told: str, step: Step) -> str:
    """The text with one more step, or as it was when it is long enough.

    >>> add("0cINVITE+", Step(120, CALLED, "180", False))
    '0cINVITE+ 120d180'
    """
    longer = f"{told} {step.at}{step.sender}{step.what}{'+' if step.has_body else ''}".lstrip()
    return longer if len(longer) <= MOST_CHARACTERS else told


def steps(told: str) -> tuple[Step, ...]:
    """The steps of a text; whatever is none of ours is left out.

    >>> steps("0cINVITE+ <b> 120d180")
    (Step(at=0, sender='c', what='INVITE', has_body=True), Step(at=120, sender='d', what='180', has_body=False))
    """
    found = (_STEP.fullmatch(word) for word in told[: 2 * MOST_CHARACTERS].split(" "))
    return tuple(Step(int(one[1]), one[2], one[3], bool(one[4])) for one in found if one)
