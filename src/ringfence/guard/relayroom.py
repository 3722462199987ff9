"""Keeps room in the media relays for calls for help: once a second it looks at what is left, and tells the workers."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from ringfence.guard.alarms import Alarms
from ringfence.guard.clock import moment
from ringfence.guard.media import Relay
from ringfence.policy.limits import MOST_CARRIED
from ringfence.policy.sentence import Sentence
from ringfence.store.relayroom import RelayRoomWriter, Side

LOOK_EVERY: Final = 1.0
KEPT: Final = 10
"""Percent of the media ports of each address, as of the calls."""

MEDIA_FULL: Final = "media.full"
QUIET_AFTER: Final = 60.0


class RelayRoom:
    """What the relays say of themselves, for the next call."""

    def __init__(self, relay: Relay, outer: Relay, writer: RelayRoomWriter, alarms: Alarms) -> None:
        """`outer` is the SBC's relay; one that does not answer says nothing."""
        self._relays = {Side.CORE: relay, Side.SBC: outer}
        self._writer, self._alarms = writer, alarms

    async def look(self) -> None:
        for side, relay in self._relays.items():
            low = is_low(await asyncio.to_thread(relay.statistics))
            self._writer.tell(side, time.monotonic(), low=low)
            if low:
                self._alarms.set_off_for(MEDIA_FULL, _told(), moment(), QUIET_AFTER)


def _told() -> Sentence:
    return (
        "The media relay is nearly full: calls that are not for help are refused until others end. See who calls, and "
        "limit concurrent calls."
    )


def is_low(statistics: Mapping[str, Any]) -> bool:
    """Whether only the reserve is left: of calls, or of the ports of one address. Nothing said is room.

    >>> is_low({"interfaces": [{"ports": {"free": 99, "totals": 1_000}}]}), is_low({})
    (True, False)
    """
    if _number(statistics.get("currentstatistics"), "sessionstotal") >= MOST_CARRIED:
        return True
    found = statistics.get("interfaces")
    return isinstance(found, list) and any(_is_short(one.get("ports")) for one in found if isinstance(one, dict))


def _is_short(ports: Any) -> bool:
    return _number(ports, "free") * 100 < _number(ports, "totals") * KEPT


def _number(found: Any, name: str) -> int:
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, int) else 0
