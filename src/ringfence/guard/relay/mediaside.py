"""How this guard knows who may send media: from the calls of its own core, or told by the core's host."""

from collections.abc import Mapping
from typing import Protocol

from ringfence.guard.control import Verb
from ringfence.guard.relay.admitted import Admitted
from ringfence.guard.relay.media import Relay
from ringfence.guard.relay.mediadoor import MediaDoor
from ringfence.guard.relay.mediawatch import MediaWatch
from ringfence.guard.relay.outsiders import Outsiders
from ringfence.guard.service import Parts


class MediaSide(Protocol):
    """One look each second, and what is done about it."""

    async def look(self) -> None:
        """Has the kernel know who may send now."""

    def admit(self) -> None:
        """Whom signalling has just named."""

    def to_end(self) -> Mapping[str, list[str]]:
        """The calls whose media is not what was asked for, by the reason for their end."""

    def verbs(self) -> dict[str, Verb]:
        """What others ask or tell."""


class CoreSide:
    """Knows the calls itself."""

    def __init__(self, watch: MediaWatch, outsiders: Outsiders) -> None:
        self._watch, self._outsiders = watch, outsiders

    async def look(self) -> None:
        await self._watch.look()

    def admit(self) -> None:
        self._watch.admit()
        self._outsiders.look()

    def to_end(self) -> Mapping[str, list[str]]:
        return self._watch.to_end()

    def verbs(self) -> dict[str, Verb]:
        return {"media.named": self._outsiders.named}


class FarSide:
    """Knows no call, and ends none."""

    def __init__(self, admitted: Admitted) -> None:
        self._admitted = admitted

    async def look(self) -> None:
        await self._admitted.look()

    def admit(self) -> None:
        return

    def to_end(self) -> Mapping[str, list[str]]:
        return {}

    def verbs(self) -> dict[str, Verb]:
        return {"media.told": self._admitted.told}


def media_side(parts: Parts, relay: Relay, outer: Relay, *, far: bool) -> MediaSide:
    """`outer` is the SBC's relay; `far`: this is the host of an SBC whose core is elsewhere."""
    if far:
        return FarSide(Admitted(parts.known, MediaDoor(parts.firewall), outer))
    watch = MediaWatch(parts.standing.calls, relay, parts.firewall, outer)
    return CoreSide(watch, Outsiders(parts.standing, parts.never_block))
