"""The media ports of this host: who may send to them goes into the kernel, as long as somebody says so."""

import logging
import time
from collections.abc import Iterable
from typing import Final

from ringfence.guard.kernel import pinholes
from ringfence.guard.kernel.firewall import Firewall
from ringfence.guard.kernel.pinholes import Holes
from ringfence.policy.addresses import AddressProblem, Network, parse_network

PROLONG_EVERY: Final = 5.0

log = logging.getLogger(__name__)


class MediaDoor:
    """Shut for strangers while it is held, and for some seconds after."""

    def __init__(self, firewall: Firewall) -> None:
        self._firewall = firewall
        self._holes: Holes | None = None
        self._admitted: set[Network] = set()
        self._prolonged = 0.0
        self.may_shut = pinholes.reserve() if firewall.in_kernel else False
        if firewall.in_kernel and not self.may_shut:
            log.warning(
                "the media ports stay open for everybody: the kernel does not keep %s for us;"
                " add it to net.ipv4.ip_local_reserved_ports",
                ",".join(kept.ports for kept in pinholes.RANGES),
            )

    def admit(self, named: Iterable[str]) -> None:
        """These too, at once."""
        if self._holes is None or not named:
            return
        known = self._holes.addresses
        new = {one for address in named if (one := host_of(address)) and one not in known} - self._admitted
        if new and self._firewall.admit_media(new):
            self._admitted |= new

    def hold(self, holes: Holes) -> None:
        """The list as it should be now; the same list only prolongs the watch."""
        now = time.monotonic()
        if not self.may_shut or (holes == self._holes and now - self._prolonged < PROLONG_EVERY):
            return
        self._holes = holes if self._firewall.open_media(holes) else None
        self._admitted.clear()
        self._prolonged = now

    def let_go(self) -> None:
        """Nobody knows any more who may send: the kernel opens it by itself, for everybody."""
        self._holes = None


def host_of(address: str) -> Network | None:
    """The one address that is named; None for anything else."""
    try:
        found: Network = parse_network(address)
    except AddressProblem:
        return None
    return found if found.num_addresses == 1 else None
