"""Ends calls that nobody ends: a relay carries no media for them, so a BYE was lost, or both sides are gone, or the
relay of a side outside was started anew.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from ringfence.corelink import Core, Unreachable
from ringfence.guard.control import Refusal
from ringfence.guard.live.calls import Calls
from ringfence.guard.relay.media import Relay
from ringfence.guard.relay.outside import forgotten_outside, relayed_outside

LOOK_EVERY: Final = 10.0
"""Seconds. The relay forgets a call 40 seconds after its last packet, so it ends within a minute."""

PATIENCE: Final = 2
"""Looks after which a call that the core does not know either is held ended."""

BUSY: Final = 12.0
"""Seconds that somebody who hangs up waits for a core that is busy or starts; the portal waits longer for the guard."""

WITHOUT_MEDIA: Final = "Media stopped"

log = logging.getLogger(__name__)
type GiveUp = Callable[[str, str], None]


class CallWatch:
    """Looks after the answered calls."""

    def __init__(self, calls: Calls, relay: Relay, core: Core, give_up: GiveUp, outer: Relay | None = None) -> None:
        """`outer` is the SBC's relay."""
        self._calls, self._relay, self._core, self._give_up = calls, relay, core, give_up
        self._outer = outer
        self._tried: dict[str, int] = {}

    async def look(self) -> int:
        """Ends what has no media; how many calls that were. Asks in a thread: there may be thousands."""
        carried = self._calls.with_media()
        gone = set(await asyncio.to_thread(self._relay.forgotten, carried.values()))
        silent = [call_id for call_id, name in carried.items() if name in gone]
        silent += await self._cut_off(set(carried).difference(silent))
        self._tried = {call_id: count for call_id, count in self._tried.items() if call_id in silent}
        for call_id in silent:
            await self._end(call_id)
        return len(silent)

    async def _cut_off(self, call_ids: Iterable[str]) -> list[str]:
        outside = [(name, call) for name in call_ids if (call := self._calls.get(name)) and relayed_outside(call)]
        if self._outer is None or not outside:
            return []
        return await asyncio.to_thread(forgotten_outside, outside, self._outer)

    async def _end(self, call_id: str) -> None:
        tried = self._tried[call_id] = self._tried.get(call_id, 0) + 1
        if await self.hang_up(call_id, WITHOUT_MEDIA):
            log.info("call %s has no media any more; hung up", call_id)
        elif tried >= PATIENCE:
            self._give_up(call_id, WITHOUT_MEDIA)

    async def hang_up(self, call_id: str, why: str) -> bool:
        """A BYE to both sides; False when the core does not know the call, or did not answer: ask again later."""
        dialog = self._calls.mark_ending(call_id, why)
        if dialog is not None and await asyncio.to_thread(self._core.end_call, *dialog):
            return True
        self._calls.unmark_ending(call_id)
        return False

    async def hang_up_asked(self, call_id: str, why: str) -> None:
        """The same for somebody who waits for it and is told what is the matter. Raises Refusal."""
        dialog = self._calls.mark_ending(call_id, why)
        try:
            if dialog is not None and await asyncio.to_thread(self._core.end_patiently, BUSY, *dialog):
                return
            refusal = Refusal("calls.unknown", "call_id", f"{call_id} is no answered call.")
        except OSError as error:
            log.warning("the core was asked to end call %s and did not answer: %r", call_id, error)
            refusal = Refusal("calls.core", "call_id", _NOT_RUNNING if isinstance(error, Unreachable) else _SILENT)
        self._calls.unmark_ending(call_id)
        raise refusal

    async def hang_up_all(self, call_ids: list[str], why: str) -> int:
        """How many of them the core ended."""
        return sum([await self.hang_up(call_id, why) for call_id in call_ids])


_NOT_RUNNING: Final = "The SIP core is not running now; the call goes on. Try again."
_SILENT: Final = "The SIP core is busy and has not answered: the call may end all the same."
