"""Strangers hold few of the connections that phones need, each of them and all together.

The kernel's rules count handshakes, not what stays open: whoever goes on talking keeps what he opened, and two hundred
hosts, or one with a /48 of IPv6, fill all that the core accepts. So what is open is counted, and the oldest go. A phone
needs a second until its registration makes it known.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final

from ringfence.guard.clock import moment
from ringfence.guard.kernel.connections import Connections, Open
from ringfence.guard.service import Parts
from ringfence.policy.addresses import Address, ban_key, parse_network
from ringfence.policy.sentence import Sentence

LOOK_EVERY: Final = 1.0
REST: Final = 30.0
"""By how much a rest is longer than the look before it: with ten thousand phones on TLS a look takes its time."""

MOST_TOGETHER: Final = 1_024
"""A quarter of what the core of a small machine accepts (`tcp_max_connections`)."""

CROWDED: Final = "connections.crowded"
QUIET_AFTER: Final = 60.0

log = logging.getLogger(__name__)


class Crowd:
    """The connections of strangers, the oldest first."""

    def __init__(self, connections: Connections, is_stranger: Callable[[Address], bool]) -> None:
        self._connections = connections
        self._is_stranger = is_stranger
        self._held: dict[Open, str] = {}

    def thin(self, each: int, together: int = MOST_TOGETHER) -> bool:
        """Closes what one source holds beyond `each` and then what all hold beyond `together`; whether it came to that.
        Raises OSError.
        """
        found = self._strangers()
        kept = {one: key for one, key in self._held.items() if one in found}
        self._held = {**kept, **found}
        per_source = Counter(self._held.values())
        for one, key in list(self._held.items()):
            if per_source[key] > each:
                per_source[key] -= 1
                self._close(one)
        beyond = list(self._held)[: max(0, len(self._held) - together)]
        for one in beyond:
            self._close(one)
        return bool(beyond)

    def _strangers(self) -> dict[Open, str]:
        """What strangers hold, with the key under which each would be banned."""
        by_source: dict[Address, str] = {}
        found: dict[Open, str] = {}
        for address, one in self._connections.at_sip():
            if address not in by_source:
                by_source[address] = ban_key(str(address)) if self._is_stranger(address) else ""
            if by_source[address]:
                found[one] = by_source[address]
        return found

    def _close(self, one: Open) -> None:
        self._connections.close(one)
        del self._held[one]


def watching(parts: Parts) -> tuple[Coroutine[None, None, None], ...]:
    """The round that looks after them, where there is a kernel to ask."""
    return (_look_on(parts, Crowd(Connections(), partial(_is_stranger, parts))),) if parts.firewall.in_kernel else ()


async def _look_on(parts: Parts, crowd: Crowd) -> None:
    took = 0.0
    while True:
        await asyncio.sleep(max(LOOK_EVERY, REST * took))
        settings = parts.policy.book.security
        if not settings.unknown_connections_enabled:
            continue
        begun = time.monotonic()
        try:
            crowded = await asyncio.to_thread(crowd.thin, settings.unknown_connections)
        except OSError as error:
            log.warning("connections of strangers not counted: %s", error)
            continue
        finally:
            took = time.monotonic() - begun
        if crowded:
            parts.alarms.set_off_for(CROWDED, _told(), moment(), QUIET_AFTER)


def _is_stranger(parts: Parts, address: Address) -> bool:
    """As the rules of the kernel see it; and whoever is registered is none, even where the ledger was lost."""
    key = ban_key(str(address))
    if key in parts.known or parts.standing.registrations.are_at(key):
        return False
    if parts.policy.addresses.allows(address, moment().wall):
        return False
    return parts.never_block.covered_by(parse_network(str(address))) is None


def _told() -> Sentence:
    return (
        f"Unknown sources held more than {MOST_TOGETHER} connections to the SIP ports; the oldest were closed. Phones "
        "that registered within a day are not touched."
    )
