"""The calls going on now, from the events of their life."""

from dataclasses import dataclass
from typing import Any, Final

from ringfence.journal.reader import Event

LONGEST_CALL: Final = 86_400.0
"""Seconds after which a call without an end is forgotten; the engine ends every call long before."""


@dataclass(slots=True)
class LiveCall:
    """What was said about one call: how it started, and how it was answered."""

    started: Event
    started_line: bytes
    answered: Event | None = None
    answered_line: bytes = b""


class Calls:
    """Live calls by our call id."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def started(self, line: bytes, event: Event) -> None:
        self._calls[event["call_id"]] = LiveCall(event, line)

    def answered(self, line: bytes, event: Event) -> None:
        call = self._calls.get(event["call_id"])
        if call is not None:
            call.answered, call.answered_line = event, line

    def ended(self, event: Event) -> None:
        self._calls.pop(event["call_id"], None)

    def expire(self, now: float) -> None:
        for call_id in [call_id for call_id, call in self._calls.items() if call.started["t"] < now - LONGEST_CALL]:
            del self._calls[call_id]

    def live(self) -> list[LiveCall]:
        return list(self._calls.values())

    def listing(self, tenant_id: int | None = None) -> list[dict[str, Any]]:
        """The calls for people."""
        calls = [call for call in self._calls.values() if tenant_id is None or call.started.get("tenant_id") == tenant_id]
        return [
            {
                **call.started,
                **(call.answered or {}),
                "state": "answered" if call.answered else "ringing",
                "started_at": call.started["t"],
                "answered_at": call.answered["t"] if call.answered else None,
            }
            for call in calls
        ]

    def lines(self) -> list[bytes]:
        """The journal lines that rebuild this."""
        return [line for call in self._calls.values() for line in (call.started_line, call.answered_line) if line]
