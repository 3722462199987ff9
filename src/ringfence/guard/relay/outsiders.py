"""On the core's host: tells whoever carries it to the SBC's host whom signalling named there (docs/adr/0071)."""

import asyncio
import time
from typing import Any, Final

from ringfence.guard.control import Args, number
from ringfence.guard.live.standing import Standing
from ringfence.guard.offenders.neverblock import NeverBlock
from ringfence.guard.relay.outside import sides_outside

LONGEST_WAIT: Final = 10.0
_MOST: Final = 1 << 62


class Outsiders:
    """Phones registered through the SBC, callers who are not, and the browsers' sides of calls; nobody else's address
    leaves this host but its own, from which its relay sends.
    """

    def __init__(self, standing: Standing, never_block: NeverBlock) -> None:
        self._standing, self._never_block = standing, never_block
        self._news = asyncio.Event()
        self._seen = (0, 0)

    def look(self) -> None:
        """Wakes who waits for somebody new."""
        if self._places() != self._seen:
            self._seen = self._places()
            self._news.set()
            self._news.clear()

    async def named(self, args: Args) -> dict[str, Any]:
        """`registered`: who came since the place of that name. Everybody else who may send now, whether new or not.
        Answers at once if somebody is new since `registered` and `called`, or after `wait` seconds."""
        since = tuple(int(number(args, name, 0, _MOST, 0)) for name in ("after_registered", "after_called"))
        deadline = time.monotonic() + number(args, "wait", 0, LONGEST_WAIT, 0)
        while self._places() == since and (left := deadline - time.monotonic()) > 0:
            await self._wait(left)
        registered, called = self._places()
        return {
            "after_registered": registered,
            "after_called": called,
            "registered": self._standing.registrations.outside_since(since[0]),
            "named": sorted({*self._callers(), *self._never_block.own()}),
            "legs": self._legs(),
        }

    def _places(self) -> tuple[int, int]:
        return self._standing.registrations.came_outside, self._standing.calls.came_over_link

    def _callers(self) -> list[str]:
        is_registered = self._standing.registrations.is_outside
        return [source for source in self._standing.calls.callers_over_link() if not is_registered(source)]

    def _legs(self) -> list[str]:
        """What the SBC's relay calls the sides of browsers, whose media may come from anywhere: ICE proves it."""
        return sorted({side.relayed_as for call in self._standing.calls.each() for side in sides_outside(call)})

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
