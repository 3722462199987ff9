"""The ladder diagram of a call record: who sent what when, drawn on the server."""

from dataclasses import dataclass
from typing import Final

from ringfence.policy.calls.ladder import CALLED, CALLER, SYSTEM, Step, steps

LANES: Final = {CALLER: 90, SYSTEM: 320, CALLED: 550}
ROW: Final = 28
TOP: Final = 46
HEARD_HERE: Final = ("100", "401", "407")
FAILURE: Final = "300"
MEANINGS: Final = {
    "100": "Trying", "180": "Ringing", "183": "Session Progress", "200": "OK", "202": "Accepted", "302": "Moved",
    "401": "Unauthorized", "403": "Forbidden", "404": "Not Found", "407": "Proxy Authentication Required",
    "408": "Request Timeout", "480": "Temporarily Unavailable", "481": "Call Does Not Exist", "486": "Busy Here",
    "487": "Request Terminated", "488": "Not Acceptable Here", "500": "Server Internal Error", "503": "Unavailable",
    "603": "Decline",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Arrow:
    """One arrow: from x to x at y, with its words, the time it stands for and where its head points."""

    start: int
    end: int
    y: int
    label: str
    at: str

    @property
    def middle(self) -> int:
        return (self.start + self.end) // 2

    @property
    def text_y(self) -> int:
        return self.y - 6

    @property
    def head(self) -> str:
        """The three corners of the arrow's head."""
        back = self.end - 8 if self.end > self.start else self.end + 8
        return f"{self.end},{self.y} {back},{self.y - 4} {back},{self.y + 4}"


@dataclass(frozen=True, slots=True)
class Ladder:
    """All arrows, and how high the picture is."""

    arrows: tuple[Arrow, ...]
    height: int

    @property
    def foot(self) -> int:
        return self.height - 10


def draw(told: str) -> Ladder | None:
    """The picture of what a record tells; None when it tells nothing.

    A message passes through this system in the middle: a row for each of its two ways. What the system sends itself has
    one, and so has an answer that the caller never heard.
    """
    found = steps(told)
    if not found:
        return None
    arrows: list[Arrow] = []
    setup = next(
        (place for place, step in enumerate(found) if step.sender == CALLED and step.what[0] == "2"), len(found)
    )
    for place, step in enumerate(found):
        for start, end in _ways(step, found[place + 1 : setup + 1]):
            y = TOP + ROW * (len(arrows) + 1)
            arrows.append(Arrow(LANES[start], LANES[end], y, _label(step), f"{step.at / 1000:.3f}"))
    return Ladder(tuple(arrows), TOP + ROW * (len(arrows) + 2))


def _ways(step: Step, later: tuple[Step, ...]) -> tuple[tuple[str, str], ...]:
    """`later` is what followed until somebody answered the call."""
    if step.sender == SYSTEM:
        return ((SYSTEM, CALLED if step.what.isalpha() else CALLER),)
    ways = (step.sender, SYSTEM), (SYSTEM, CALLED if step.sender == CALLER else CALLER)
    return ways if _is_passed_on(step, later) else ways[:1]


def _is_passed_on(step: Step, later: tuple[Step, ...]) -> bool:
    """Not a 100 (RFC 3261 section 16.7), nor a challenge, nor a failure after which something else came of the call:
    another device, the next way, an answer of the system.
    """
    if step.what in HEARD_HERE:
        return False
    return step.what.isalpha() or step.what < FAILURE or all(other.sender == CALLER for other in later)


def _label(step: Step) -> str:
    words = f"{step.what} {MEANINGS.get(step.what, '')}".rstrip()
    return f"{words} (SDP)" if step.has_body else words
