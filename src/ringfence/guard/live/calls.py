"""The calls going on now, from the events of their life."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from ringfence.journal.reader import Event
from ringfence.policy.relay.media import STRONG_SUITES, Form
from ringfence.policy.relay.relayed import LABELS, Flow

LONGEST_SETUP: Final = 300.0
"""Seconds after which an unanswered call without an end is held lost: the engine gives up ringing after 120 s."""

OF_ENDED: Final = (
    "caller", "callee", "dialled", "tenant_id", "user_id", "sip_call_id",
    "payer", "direction", "number", "trunk", "trunks", "outbound_rule",
)  # fmt: skip
"""What the record of a call says of it whose end nobody told."""

EMERGENCY: Final = "outbound.emergency"
"""The rule that let an emergency call out."""

BROKEN: Final = "media_broken"
"""The variable of the core's dialog that says so."""

LONGEST_CALL: Final = 18_000.0
"""Seconds after which an answered call without an end is held lost: the engine ends every call after 4 hours."""


@dataclass(slots=True)
class LiveCall:
    """What was said about one call: how it started, was answered, and what the core needs to know it again.

    `ending` is why we hang up; `flows` and `encrypted` are what the relay said when it was asked last, `outside` what
    the SBC's relay said of browsers. `strong` are the sides that may have AES-256 alone.
    """

    started: Event
    started_line: bytes
    forwarded: Event | None = None
    forwarded_line: bytes = b""
    rerouted: Event | None = None
    rerouted_line: bytes = b""
    media: Event | None = None
    media_line: bytes = b""
    answered: Event | None = None
    answered_line: bytes = b""
    confirmed: Event | None = None
    confirmed_line: bytes = b""
    ending: str = ""
    flows: tuple[Flow, ...] = ()
    outer_flows: tuple[Flow, ...] = ()
    """Those at the SBC's relay, as far as that was asked."""
    encrypted: dict[str, str] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)
    strong: set[str] = field(default_factory=set)
    looks: int = 0
    set_since_start: float = 0.0
    """Seconds by which the clock on the wall was set since it began, and since it was answered."""
    set_since_answer: float = 0.0

    @property
    def media_addresses(self) -> tuple[str, ...]:
        """Where its media may come from: the addresses its parties named, and the one the caller spoke from. A call
        that never named any has no media."""
        told = [event.get("media_addresses") for event in (self.started, self.media, self.answered) if event]
        named = [one for part in told if isinstance(part, list) for one in part if one]
        return (*filter(None, (self.started.get("source"),)), *named) if named else ()

    @property
    def has_media(self) -> bool:
        """Whether the relay should carry it: since the answer, or since sound was added later."""
        variables = (self.confirmed or {}).get("vars")
        later = bool(variables.get("codec")) if isinstance(variables, dict) else False
        return self.answered is not None and (bool(self.answered.get("media")) or later)

    @property
    def has_short_keys(self) -> bool:
        """Whether a side that may have AES-256 alone agreed on something else; unknown is not yet."""
        agreed = (self.encrypted.get(side, "").partition(" ")[2] for side in self.strong)
        return any(suite and suite not in STRONG_SUITES for suite in agreed)

    @property
    def is_broken(self) -> bool:
        """Whether the answer was refused, or that to a later offer: of this the core tells with the ACK."""
        told = self.dialog_told
        return bool(self.answered and (self.answered.get("broken") or (told and told[1].get(BROKEN))))

    @property
    def lines(self) -> tuple[bytes, ...]:
        """The journal lines that rebuild it, where there was one."""
        return (
            self.started_line,
            self.forwarded_line,
            self.rerouted_line,
            self.media_line,
            self.answered_line,
            self.confirmed_line,
        )

    @property
    def dialog_told(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """What the core told of its dialog and of that one's variables."""
        told = self.confirmed or {}
        dialog, variables = told.get("dialog"), told.get("vars")
        return (dialog, variables) if isinstance(dialog, dict) and isinstance(variables, dict) else None

    @property
    def as_it_stands(self) -> Event:
        """What its start said, and where the last forward led: a call may begin inside and leave. The trunk is the one
        that took it, or that was asked last.
        """
        told = {**self.started, **(self.forwarded or {}), "t": self.started["t"], "kind": self.started["kind"]}
        told |= {name: self.rerouted[name] for name in ("trunk", "trunks")} if self.rerouted else {}
        trunk = (self.answered or {}).get("trunk")
        return {**told, "trunk": trunk} if trunk else told

    @property
    def callee(self) -> str:
        """Who rings or talks now, after every forward."""
        return str((self.answered or self.forwarded or self.started).get("callee", ""))

    @property
    def rung(self) -> list[str]:
        """The extensions of a list that ring now."""
        rung = (self.forwarded or self.started).get("rung", [])
        return rung if isinstance(rung, list) else []

    @property
    def lost_at(self) -> float:
        """When we stop believing in it (Unix time)."""
        return self.answered_at + LONGEST_CALL if self.answered_at is not None else self.started_at + LONGEST_SETUP

    @property
    def started_at(self) -> float:
        """Unix time by the clock as it is now."""
        return float(self.started["t"]) + self.set_since_start

    @property
    def answered_at(self) -> float | None:
        """The same; None while nobody answered."""
        return float(self.answered["t"]) + self.set_since_answer if self.answered else None


class Calls:
    """Live calls by our call id."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}
        self._named: list[str] = []
        self._over_link: dict[str, str] = {}
        self.came_over_link = 0
        """How many calls have come over the SBC's link."""

    def __len__(self) -> int:
        return len(self._calls)

    def started(self, line: bytes, event: Event) -> None:
        call = self._calls[event["call_id"]] = LiveCall(event, line)
        self._named += call.media_addresses
        if event.get("over_link"):
            self._over_link[event["call_id"]] = str(event.get("source") or "")
            self.came_over_link += 1

    def callers_over_link(self) -> frozenset[str]:
        """The addresses from which the callers of live calls spoke to the SBC."""
        return frozenset(filter(None, self._over_link.values()))

    def forwarded(self, line: bytes, event: Event) -> None:
        call = self._calls.get(event["call_id"])
        if call is not None:
            call.forwarded, call.forwarded_line = event, line

    def rerouted(self, line: bytes, event: Event) -> None:
        """Another trunk is asked, after one that failed."""
        call = self._calls.get(event["call_id"])
        if call is not None:
            call.rerouted, call.rerouted_line = event, line

    def named(self, line: bytes, event: Event) -> None:
        """Addresses that its media will come from, told before the answer or by a later offer."""
        call = self._calls.get(event["call_id"])
        if call is not None:
            call.media, call.media_line = event, line
            self._named += call.media_addresses

    def newly_named(self) -> list[str]:
        """The addresses that calls named since this was asked last, some of them again."""
        found, self._named = self._named, []
        return found

    def answered(self, line: bytes, event: Event) -> None:
        call = self._calls.get(event["call_id"])
        if call is not None:
            call.answered, call.answered_line = event, line

    def confirmed(self, line: bytes, event: Event) -> None:
        call = self._calls.get(event["call_id"])
        if call is not None:
            call.confirmed, call.confirmed_line = event, line

    def ended(self, event: Event) -> None:
        self._calls.pop(event["call_id"], None)
        self._over_link.pop(event["call_id"], None)

    def parties_of(self, event: Event) -> tuple[Any, ...]:
        """Everybody whose lamp this call concerns as it stands."""
        call = self._calls.get(event.get("call_id", ""))
        return (call.started.get("caller"), call.callee, *call.rung) if call else ()

    def keep_time(self, step: float) -> None:
        """The clock was set by so many seconds: every call is as old as it was."""
        for call in self._calls.values():
            call.set_since_start += step
            call.set_since_answer += step if call.answered else 0.0

    def dated(self, event: Event) -> dict[str, float]:
        """The dates of a call that ends, by the clock that says when; nothing if that was not set meanwhile."""
        call = self._calls.get(event["call_id"])
        if call is None or not call.set_since_start:
            return {}
        told = {"started_at": call.set_since_start, "answered_at": call.set_since_answer}
        return {name: float(event[name]) + step for name, step in told.items() if event.get(name)}

    def expire(self, now: float) -> list[dict[str, Any]]:
        """Forgets calls whose end was never reported, for instance because the core was killed while they rang.

        Returns the end of each as `call.ended` would have told it.
        """
        return self._end({call_id: call for call_id, call in self._calls.items() if call.lost_at <= now}, now)

    def give_up(self, now: float, *, confirmed: bool = False) -> list[dict[str, Any]]:
        """The same for the calls that no core can take up again; with `confirmed` for all."""
        lost = {call_id: call for call_id, call in self._calls.items() if confirmed or call.confirmed is None}
        return self._end(lost, now)

    def _end(self, lost: dict[str, LiveCall], now: float) -> list[dict[str, Any]]:
        for call_id in lost:
            del self._calls[call_id]
            self._over_link.pop(call_id, None)
        return [_end_of(call_id, call, now) for call_id, call in lost.items()]

    def going_on(self) -> list[tuple[Event, Event | None]]:
        """Each call as it stands after every forward and, if it was, answered."""
        return [(call.as_it_stands, call.answered) for call in self._calls.values()]

    def with_media(self) -> dict[str, str]:
        """The SIP Call-ID of each answered call whose media the relay should carry."""
        return {
            call_id: call.started["sip_call_id"]
            for call_id, call in self._calls.items()
            if call.has_media and call.started.get("sip_call_id")
        }

    def get(self, call_id: str) -> LiveCall | None:
        return self._calls.get(call_id)

    def each(self) -> Iterable[LiveCall]:
        return self._calls.values()

    def unreported(self, most_looks: int) -> dict[str, str]:
        """The SIP Call-ID of each confirmed call whose ciphers are not all known, unless it was asked about enough."""
        return {
            call_id: name
            for call_id, name in self.with_media().items()
            if (call := self._calls[call_id]).confirmed
            and call.looks < most_looks
            and not (call.encrypted and all(one == "RTP" or " " in one for one in call.encrypted.values()))
        }

    def broken(self) -> list[str]:
        """The answered calls whose answer was refused, unless their end is on its way."""
        return [call_id for call_id, call in self._calls.items() if call.is_broken and not call.ending]

    def without_keys(self, most_looks: int) -> list[str]:
        """The calls with a side whose keys were never proved, though the relay was asked often enough (RFC 5763)."""
        return [
            call_id
            for call_id, call in self._calls.items()
            if call.looks >= most_looks and not call.ending and LABELS[Form.DTLS] in call.encrypted.values()
        ]

    def with_short_keys(self) -> list[str]:
        """The answered calls with shorter keys than they may have, unless their end is on its way."""
        return [call_id for call_id, call in self._calls.items() if call.has_short_keys and not call.ending]

    def mark_ending(self, call_id: str, why: str) -> tuple[int, int] | None:
        """Notes why we hang up. Where the core keeps the dialog; None if it cannot be known."""
        call = self._calls.get(call_id)
        if call is None or call.answered is None:
            return None
        call.ending = why
        return dialog_of(call.answered)

    def unmark_ending(self, call_id: str) -> None:
        """It goes on: whoever wanted its end will find it again."""
        call = self._calls.get(call_id)
        if call is not None:
            call.ending = ""

    def why_ended(self, call_id: str) -> str:
        """Why we hung up; "" when somebody else did."""
        call = self._calls.get(call_id)
        return call.ending if call else ""

    def heard_outside(self, call_id: str) -> dict[str, str]:
        """How the media of browsers behind the SBC was encrypted, by the names of the call record."""
        call = self._calls.get(call_id)
        return call.outside if call else {}

    def give_up_one(self, call_id: str, now: float) -> list[dict[str, Any]]:
        """The end of one call that the core does not know."""
        return self._end({call_id: self._calls[call_id]} if call_id in self._calls else {}, now)

    def restorable(self) -> list[Event]:
        """What the core was last told about each confirmed call."""
        return [call.confirmed for call in self._calls.values() if call.confirmed is not None]

    def listing(self, tenant_id: int | None = None) -> list[dict[str, Any]]:
        """The calls for people."""
        calls = [
            call for call in self._calls.values() if tenant_id is None or call.started.get("tenant_id") == tenant_id
        ]
        return [
            {
                **call.as_it_stands,
                "callee": call.callee,
                "caller_rtp": call.encrypted.get("caller_rtp", ""),
                "called_rtp": call.encrypted.get("called_rtp", ""),
                "state": "answered" if call.answered else "ringing",
                "started_at": call.started_at,
                "answered_at": call.answered_at,
                "tags": call.answered.get("tags", []) if call.answered else [],
            }
            for call in calls
        ]

    def of(self, aors: Collection[str]) -> dict[str, list[tuple[str, str, bool]]]:
        """The calls of these extensions: our call id, "initiator" or "recipient", and whether it is answered."""
        found: dict[str, list[tuple[str, str, bool]]] = {aor: [] for aor in aors}
        for call_id, call in self._calls.items():
            sides = [(call.started.get("caller"), "initiator"), (call.callee, "recipient")]
            sides += [] if call.answered else [(aor, "recipient") for aor in call.rung]
            for aor, direction in dict(sides).items():
                if aor in found:
                    found[aor].append((call_id, direction, call.answered is not None))
        return found

    def lines(self) -> list[bytes]:
        """The journal lines that rebuild this."""
        return [line for call in self._calls.values() for line in call.lines if line]


def is_emergency(event: Event) -> bool:
    """Whether the call of which this was told is one."""
    return bool(event.get("emergency")) or event.get("rule") == EMERGENCY


def _end_of(call_id: str, call: LiveCall, now: float) -> dict[str, Any]:
    known = call.as_it_stands
    return {
        "call_id": call_id,
        **{name: known[name] for name in OF_ENDED if name in known},
        "started_at": call.started_at,
        "answered_at": call.answered_at,
        "ended_at": now,
        "code": 500,
        "reason": "Lost",
        "ended_by": "system",
    }


def dialog_of(event: dict[str, Any]) -> tuple[int, int] | None:
    """Where the core keeps the dialog of an answered call."""
    told = event.get("dialog")
    if isinstance(told, list) and len(told) == 2 and all(type(part) is int and part >= 0 for part in told):
        return told[0], told[1]
    return None
