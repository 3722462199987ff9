"""The calls the SIP core told of, and the keys pressed in them: *1 asks for a recording or for its end."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ringfence.policy.calls.recording import Why

KEYS: Final = "0123456789*#ABCD"
CODE: Final = "*1"
TYPING: Final = 3.0
"""Seconds between the two keys."""

MOST_CALLS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Call:
    """`name` is our own id, `relay` the SIP Call-ID by which the media relay knows it. The caller's tag comes first."""

    name: str
    relay: str
    tags: tuple[str, str]
    caller: str
    callee: str
    extensions: tuple[bool, bool]
    tenant_id: int
    direction: str
    why: Why | None
    announced: bool
    on_demand: bool

    def may_ask(self, tag: str) -> bool:
        """Whether the party with this tag may start and stop a recording: an extension, where the tenant permits it."""
        return self.on_demand and tag in self.tags and self.extensions[self.tags.index(tag)]

    def note(self) -> dict[str, Any]:
        """All of it, to be read again by `call_of`."""
        told = asdict(self)
        return {**told, "call": told.pop("name"), "why": self.why or ""}


def call_of(told: Mapping[str, Any]) -> Call:
    """Raises KeyError, ValueError or TypeError on anything that is no call."""
    first, second = map(str, told["tags"])
    of_caller, of_callee = (bool(one) for one in told["extensions"])
    if not (first and second and told["relay"]):
        raise ValueError("a call without its names")
    return Call(
        name=str(told["call"]),
        relay=str(told["relay"]),
        tags=(first, second),
        caller=str(told["caller"]),
        callee=str(told["callee"]),
        extensions=(of_caller, of_callee),
        tenant_id=int(told["tenant_id"]),
        direction=str(told["direction"]),
        why=Why(told["why"]) if told["why"] else None,
        announced=bool(told["announced"]),
        on_demand=bool(told["on_demand"]),
    )


class Calls:
    """By SIP Call-ID. Of too many the oldest is forgotten, whose end must have been missed."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        self._typed: dict[tuple[str, str], tuple[str, float]] = {}

    def begin(self, call: Call) -> None:
        self._calls.pop(call.relay, None)
        self._calls[call.relay] = call
        while len(self._calls) > MOST_CALLS:
            self.end(next(iter(self._calls)))

    def end(self, relay: str) -> None:
        call = self._calls.pop(relay, None)
        for tag in call.tags if call else ():
            self._typed.pop((relay, tag), None)

    def get(self, relay: str) -> Call | None:
        return self._calls.get(relay)

    def code_typed(self, relay: str, tag: str, event: int, now: float) -> bool:
        """Takes one key (RFC 4733 event); whether the code is complete with it. `now` in seconds of any clock."""
        call = self._calls.get(relay)
        if call is None or not call.may_ask(tag) or not 0 <= event < len(KEYS):
            return False
        before, since = self._typed.pop((relay, tag), ("", now))
        typed = (before if now - since <= TYPING else "") + KEYS[event]
        if typed == CODE:
            return True
        if CODE.startswith(typed[-1]):
            self._typed[relay, tag] = (typed[-1], now)
        return False
