"""Brings a parked call back: whoever parked it is rung, and has it by answering (RFC 5359 section 2.14)."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from ringfence.guard.control import Refusal
from ringfence.guard.live.calls import LiveCall
from ringfence.guard.live.callstart import CallStart
from ringfence.policy.calls.services import UNPARK_CODE, Service

RETURN_AFTER: Final = 45.0
"""Seconds that a call waits before it comes back; up to ten more until somebody looks."""
AGAIN_AFTER: Final = 180.0
"""Seconds until whoever did not answer is rung again; longer than a phone rings."""

log = logging.getLogger(__name__)


class ParkReturn:
    """Looks after the calls that wait."""

    def __init__(self, starts: CallStart) -> None:
        self._starts = starts
        self._next: dict[str, float] = {}
        """How old each call is when its owner is rung next: that is no matter of the clock on the wall."""

    async def look(self, calls: Iterable[LiveCall], now: float) -> None:
        """Rings whose call has waited too long. `now` is Unix time."""
        waiting = {call.started["call_id"]: call for call in calls if _is_parked(call)}
        self._next = {call_id: age for call_id, age in self._next.items() if call_id in waiting}
        for call_id, call in waiting.items():
            age = now - (call.answered_at or call.started_at)
            if age >= self._next.setdefault(call_id, RETURN_AFTER):
                self._next[call_id] = age + AGAIN_AFTER
                await self._ring(str(call.started["payer"]), now)

    async def _ring(self, owner: str, now: float) -> None:
        try:
            await asyncio.to_thread(self._starts.start, owner, UNPARK_CODE, now)
        except Refusal as refusal:
            log.info("%s is not rung for a parked call: %s", owner, refusal)


def _is_parked(call: LiveCall) -> bool:
    return call.answered is not None and call.callee == Service.PARK and bool(call.started.get("payer"))
