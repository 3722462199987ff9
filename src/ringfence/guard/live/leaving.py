"""Ends the calls of whoever was switched off or deleted: somebody talks over a stolen account until he hangs up, at the
owner's cost. Emergency calls go on.
"""

import time
from collections.abc import Iterator
from typing import Any, Final

from ringfence.guard.control import Args, Verb, text
from ringfence.guard.live.calls import LONGEST_SETUP, Calls, LiveCall, is_emergency
from ringfence.guard.live.callwatch import CallWatch

END_CALLS: Final = "calls.end"
SWITCHED_OFF: Final = "Switched off"


class Leaving:
    """Answers for one guard. A call that rings when its owner goes is ended when it is answered."""

    def __init__(self, calls: Calls, watch: CallWatch) -> None:
        self._calls, self._watch = calls, watch
        self._left: dict[str, float] = {}

    def verbs(self) -> dict[str, Verb]:
        return {END_CALLS: self.end}

    async def end(self, args: Args) -> dict[str, Any]:
        """Of one `aor`, or with `domain` of all in there."""
        whose = f"@{text(args, 'domain')}" if "domain" in args else text(args, "aor")
        self._left[whose] = time.time()
        return {"ended": await self.look()}

    async def look(self) -> int:
        """Ends what is answered by now; how many calls that were. Who left by a clock that was set back meanwhile is
        forgotten: all calls until then would count as calls of before.
        """
        now = time.time()
        self._left = {whose: at for whose, at in self._left.items() if abs(now - at) <= LONGEST_SETUP}
        return await self._watch.hang_up_all(list(self._unwanted()), SWITCHED_OFF)

    def _unwanted(self) -> Iterator[str]:
        for call in self._calls.each() if self._left else ():
            if call.answered and not call.ending and self._is_unwanted(call):
                yield call.started["call_id"]

    def _is_unwanted(self, call: LiveCall) -> bool:
        """A call of before: what begins later is judged by what is in force then."""
        if is_emergency(call.as_it_stands):
            return False
        begun, names = float(call.started["t"]), set(_people(call))
        return any(whose in names and begun <= left_at for whose, left_at in self._left.items())


def _people(call: LiveCall) -> Iterator[str]:
    """Who talks and who pays for it, each with the domain."""
    for aor in (call.as_it_stands.get("caller"), call.callee, call.as_it_stands.get("payer")):
        yield str(aor)
        yield f"@{str(aor).partition('@')[2]}"
