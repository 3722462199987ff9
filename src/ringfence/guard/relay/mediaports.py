"""Media ports that a relay cannot use any more: it never asks again for one that another program held when a call
wanted it, and when its others are in use new calls get 503.
"""

import asyncio
import pwd
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ringfence.guard.clock import Moment
from ringfence.guard.health.alarms import Alarms
from ringfence.guard.relay.media import Relay
from ringfence.hosts import accounts, ports
from ringfence.hosts.listening import NETWORK, bound_by
from ringfence.hosts.ports import Service
from ringfence.policy.sentence import Sentence

LEAST_SHARE: Final = 100
"""A hundredth of the range: below that nobody would notice."""

QUIET_AFTER: Final = 120.0
"""Seconds without them until the alarm is taken back."""

PORTS_OF_A_STREAM: Final = 2
"""The relay gives up the pair of RTP and RTCP, and counts one of them."""


@dataclass(slots=True)
class Ports:
    """Those of one relay. Two looks in a row must see them gone: a call begins between counting here and there."""

    relay: Relay
    media: Service
    account: str
    alarm: str
    network: Path = NETWORK
    _before: int = field(default=0, init=False)

    def missing(self) -> int:
        """How many ports are gone; 0 for few. Asks the relay and the kernel: call it in a thread."""
        found = PORTS_OF_A_STREAM * max(0, _used(self.relay.statistics()) - self._own())
        before, self._before = self._before, found
        lasting = min(found, before)
        return lasting if lasting >= self._whole() // LEAST_SHARE else 0

    def _own(self) -> int:
        """Sockets of the relay in its range, over all addresses."""
        try:
            owner = pwd.getpwnam(self.account).pw_uid
        except KeyError:
            return self._whole()
        return bound_by(owner, self.media, self.network)

    def _whole(self) -> int:
        return self.media.last - self.media.first + 1

    def told(self, missing: int) -> Sentence:
        return (
            f"Another program held {missing} of the media ports {self.media.first}-{self.media.last} when calls wanted "
            f"them, and the media relay uses them no more: when the others are in use, new calls get 503. See with "
            f"ss -lunp which program it is; then start the system anew."
        )


class MediaPorts:
    """Raised while they are missing."""

    def __init__(self, alarms: Alarms, watched: tuple[Ports, ...]) -> None:
        self._alarms, self._watched = alarms, watched

    async def look(self, now: Moment) -> None:
        for one in self._watched:
            missing = await asyncio.to_thread(one.missing)
            if missing:
                self._alarms.set_off_for(one.alarm, one.told(missing), now, QUIET_AFTER)


def of_relays(relay: Relay, outer: Relay) -> tuple[Ports, ...]:
    """`outer` is the SBC's relay."""
    return (
        Ports(relay, ports.RTP, accounts.MEDIA.name, "media.ports"),
        Ports(outer, ports.SBC_RTP, accounts.SBC_MEDIA.name, "media.ports.sbc"),
    )


def _used(statistics: dict[str, Any]) -> int:
    """What the relay counts as in use, over all its addresses; 0 when it does not say."""
    try:
        return sum(int(one["ports"]["used"]) for one in statistics["interfaces"])
    except (KeyError, TypeError, ValueError):
        return 0
