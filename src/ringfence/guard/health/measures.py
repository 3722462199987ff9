"""What an observer counts: registrations, calls, and what the SIP core and the media relay say of themselves."""

import asyncio
from collections import Counter
from typing import Any

from ringfence.corelink import Core
from ringfence.guard.control import Args, Verb
from ringfence.guard.live.standing import Standing
from ringfence.guard.relay.media import Relay


class Measures:
    """Asked by the portal whenever somebody collects; nothing is counted for it beforehand."""

    def __init__(self, standing: Standing, core: Core, relay: Relay) -> None:
        self._standing, self._core, self._relay = standing, core, relay

    def verbs(self) -> dict[str, Verb]:
        return {"measures": self.measures}

    async def measures(self, _: Args) -> dict[str, Any]:
        """`core` and `media` are empty while that part does not answer."""
        core, media = await asyncio.gather(
            asyncio.to_thread(self._core.statistics), asyncio.to_thread(self._relay.statistics)
        )
        return {
            "core": core,
            "media": {**media.get("currentstatistics", {}), **media.get("totalstatistics", {})},
            "registrations": self._standing.registrations.by_domain(),
            "calls": dict(Counter(str(call.get("tenant_id") or 0) for call in self._standing.calls.listing())),
        }
