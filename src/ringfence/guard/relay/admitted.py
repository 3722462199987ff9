"""On the SBC's host: the media ports, for whom the core's host says that signalling named them (docs/adr/0071)."""

import asyncio
import time
from typing import Any, Final

from ringfence.guard.clock import moment
from ringfence.guard.control import Args, Refusal
from ringfence.guard.kernel.pinholes import Holes
from ringfence.guard.offenders.known import Known
from ringfence.guard.relay.media import Relay
from ringfence.guard.relay.mediadoor import MediaDoor, host_of
from ringfence.policy.relay.relayed import flows

STALE: Final = 5.0
"""Seconds of silence after which nobody knows who may send: the core's host says it anew every second."""
MOST_AT_ONCE: Final = 100
MOST_LOOKS: Final = 10
"""How often the relay is asked about a side: its answer may come later, and more streams."""
LONGEST: Final = 128


class Admitted:
    """What was told last as a whole. Before that nothing is dropped."""

    def __init__(self, known: Known, door: MediaDoor, relay: Relay) -> None:
        self._known, self._door, self._relay = known, door, relay
        self._named: set[str] = set()
        self._legs: set[str] = set()
        self._coming: tuple[set[str], set[str]] | None = None
        self._told_at: float | None = None
        self._looks: dict[str, int] = {}
        self._ports: dict[str, frozenset[int]] = {}

    async def told(self, args: Args) -> dict[str, Any]:
        """A part of what is in force, from `begin` to `end`. Whoever is in it may send at once."""
        registered, named, legs = (_texts(args, name) for name in ("registered", "named", "legs"))
        self._known.hear_of(registered, moment())
        self._door.admit(named)
        if args.get("begin") is True:
            self._coming = set(), set()
        if self._coming is None:
            return {}
        self._coming[0].update(named)
        self._coming[1].update(legs)
        if args.get("end") is True:
            (self._named, self._legs), self._coming = self._coming, None
            self._told_at = time.monotonic()
        return {}

    async def look(self) -> None:
        """Once a second: asks the relay about new sides, and has the kernel know what is in force."""
        if self._told_at is None or time.monotonic() - self._told_at > STALE:
            self._door.let_go()
            return
        if self._door.may_shut:
            await self._look_for_ports()
            addresses = frozenset(found for address in self._named if (found := host_of(address)) is not None)
            self._door.hold(Holes(addresses, frozenset(port for leg in self._ports.values() for port in leg)))

    async def _look_for_ports(self) -> None:
        self._looks = {leg: self._looks.get(leg, 0) for leg in self._legs}
        self._ports = {leg: ports for leg, ports in self._ports.items() if leg in self._legs}
        asked = [leg for leg, looks in self._looks.items() if looks < MOST_LOOKS][:MOST_AT_ONCE]
        reports = await asyncio.to_thread(self._relay.reports, dict(zip(asked, asked, strict=True))) if asked else {}
        for leg, report in reports.items():
            self._looks[leg] += 1
            self._ports[leg] = frozenset(flow.port for flow in flows(report) if flow.ice)


def _texts(args: Args, name: str) -> list[str]:
    found = args.get(name, [])
    if not isinstance(found, list) or len(found) > MOST_AT_ONCE:
        found = [None]
    if all(isinstance(one, str) and len(one) <= LONGEST for one in found):
        return found
    raise Refusal("request.list", name, f"{name} must be a list of at most {MOST_AT_ONCE} short texts.")
