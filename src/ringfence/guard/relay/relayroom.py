"""Keeps room in the media relays for calls for help: once a second it looks at what is left, and tells the workers."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from ringfence.guard.clock import moment
from ringfence.guard.health.alarms import Alarms
from ringfence.guard.relay.media import Relay
from ringfence.policy.calls.limits import MOST_CARRIED
from ringfence.policy.sentence import Sentence
from ringfence.store.relayroom import RelayRoomWriter, Side

LOOK_EVERY: Final = 1.0
KEPT: Final = 10
"""Percent of the media ports of each address, as of the calls."""

PORTS_EACH: Final = 4
"""What an offer takes: RTP and RTCP on both sides."""

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
            offers = offers_left(await asyncio.to_thread(relay.statistics))
            self._writer.tell(side, time.monotonic(), offers)
            if offers is not None and offers <= 0:
                self._alarms.set_off_for(MEDIA_FULL, _told(), moment(), QUIET_AFTER)


def _told() -> Sentence:
    return (
        "The media relay is nearly full: calls that are not for help are refused until others end. See who calls, and "
        "limit concurrent calls."
    )


def offers_left(statistics: Mapping[str, Any]) -> int | None:
    """For how many offers there is room until only the reserve is left: of calls, or of the ports of one address. None
    if the relay says nothing.

    >>> offers_left({"interfaces": [{"ports": {"free": 140, "totals": 1_000}}]}), offers_left({})
    (10, None)
    """
    found = statistics.get("interfaces")
    ports = [one.get("ports") for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    left = [offers for one in ports if (offers := _offers(one)) is not None]
    carried = _number(statistics.get("currentstatistics"), "sessionstotal")
    return min([*left, *([] if carried is None else [MOST_CARRIED - carried])], default=None)


def _offers(ports: Any) -> int | None:
    free, total = _number(ports, "free"), _number(ports, "totals")
    return None if free is None or total is None else (free - -(-total * KEPT // 100)) // PORTS_EACH


def _number(found: Any, name: str) -> int | None:
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, int) else None
