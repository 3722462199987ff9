"""The program at the links that drops banned sources before all else, on the guard's side (docs/adr/0074).

It only repeats what nftables holds: what it does not know dies a little later, and whenever an element cannot be taken
out, the program goes as a whole. Its hooks are files of this process and end with it.
"""

import fcntl
import logging
import os
import socket
import struct
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ringfence.doorstep import bpf
from ringfence.doorstep.program import PREFIX_BYTES, VARIABLE, Files
from ringfence.guard.kernel.shape import Timed
from ringfence.policy.addresses import Network

log = logging.getLogger(__name__)

_SIOCGIFHWADDR: Final = 0x8927
_ETHERNET: Final = 1
_CLOCKS: Final = Path("/proc/self/timens_offsets")
_LATEST: Final = (1 << 63) - 1


class Doorstep:
    """Bans at the links. Without the files it does nothing, and nftables has all links."""

    def __init__(self, files: Files | None) -> None:
        self._files = files
        self._until: dict[bytes, int] = {}
        """Every ban, by its element's key, also those of which a part is spared."""

        self._spared: frozenset[bytes] = frozenset()
        self._hooks: dict[int, int] = {}
        self._counted = 0

    def hold(self, bans: Iterable[Timed], spared: Iterable[Network]) -> None:
        """These and no others, from now on; the count begins anew."""
        before, self._until = self._until, {_key(ban.network): _end(ban) for ban in bans}
        self._spared = frozenset(map(_key, spared))
        self._settle(before.keys() | self._until.keys())
        self._counted += self.dropped()

    def ban(self, ban: Timed) -> None:
        """Adds or renews one."""
        self._until[_key(ban.network)] = _end(ban)
        self._settle([_key(ban.network)])

    def lift(self, network: Network) -> None:
        """Afterwards the source is through here."""
        self._until.pop(_key(network), None)
        self._settle([_key(network)])

    def spare(self, parts: Iterable[Network]) -> None:
        """Replaces what bans of a /64 spare. The program knows no parts, so such a /64 is nftables' alone."""
        before, self._spared = self._spared, frozenset(map(_key, parts))
        self._settle((before ^ self._spared) & self._until.keys())

    def stand_at(self, links: Iterable[str]) -> tuple[str, ...]:
        """Stands at those that have Ethernet's header, and at no other. The links that are left to nftables."""
        self._forget_the_ended()
        found = {link: _index(link) for link in links}
        for index in self._hooks.keys() - found.values():
            self._unhook(index)
        return tuple(link for link, index in found.items() if not self._stands_at(index))

    def dropped(self) -> int:
        """How many packets it dropped since `hold`."""
        return 0 if self._files is None else bpf.counted(self._files.dropped) - self._counted

    @property
    def stands(self) -> bool:
        """Whether it is at any link."""
        return bool(self._hooks)

    def _settle(self, keys: Iterable[bytes]) -> None:
        """Makes the kernel's elements what they are to be."""
        if self._files is None:
            return
        wanted = {key for key in keys if key in self._until and key not in self._spared}
        gone = [key for key in keys if key not in wanted]
        try:
            for file, size in ((self._files.ban4, 4), (self._files.ban6, PREFIX_BYTES)):
                fresh = [(key, struct.pack("=Q", self._until[key])) for key in wanted if len(key) == size]
                done = bpf.update(file, fresh)
                for key in (*(key for key, _ in fresh[done:]), *(key for key in gone if len(key) == size)):
                    bpf.delete(file, key)  # one that could not be renewed may still have an older end
        except OSError as error:
            self._give_up(str(error))

    def _forget_the_ended(self) -> None:
        now = _now()
        ended = [key for key, until in self._until.items() if until <= now]
        for key in ended:
            del self._until[key]
        self._settle(ended)

    def _stands_at(self, index: int) -> bool:
        if self._files is None or not index:
            return False
        if index in self._hooks:
            return True
        try:
            self._hooks[index] = bpf.hook(self._files.program, index)
        except OSError as error:
            log.warning("the program that drops banned sources cannot stand at link %d: %s", index, error)
            return False
        return True

    def _unhook(self, index: int) -> None:
        try:
            bpf.unhook(self._hooks.pop(index))
        except OSError as error:
            log.debug("link %d was gone before: %s", index, error)

    def _give_up(self, why: str) -> None:
        """Nobody may stay banned because an element stayed."""
        log.error("banned sources are dropped by nftables alone from now on: %s", why)
        for index in list(self._hooks):
            self._unhook(index)
        self._files = None


def at_the_links() -> Doorstep:
    """With what the supervisor handed on, if that can be used."""
    try:
        files = Files.handed(os.environ.pop(VARIABLE, ""))
        if files is None:
            why = "no program was handed over"
        elif not _clock_is_the_kernels():
            why = "this process has a clock of its own"
        else:
            bpf.counted(files.dropped)
            return Doorstep(files)
    except (OSError, ValueError) as error:
        why = str(error)
    log.info("banned sources are dropped by nftables alone: %s", why)
    return Doorstep(None)


def _clock_is_the_kernels() -> bool:
    """In a time namespace ours is another than what the program compares with."""
    try:
        return all(int(line.split()[1]) == 0 for line in _CLOCKS.read_text().splitlines() if "monotonic" in line)
    except FileNotFoundError:
        return True


def _key(network: Network) -> bytes:
    packed = network.network_address.packed
    return packed if network.version == 4 else packed[:PREFIX_BYTES]


def _end(ban: Timed) -> int:
    return min(_now() + max(0, round(ban.seconds * 1e9)), _LATEST)


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def _index(link: str) -> int:
    """The number of a link with Ethernet's header; 0 for another, or one that has gone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            answer = fcntl.ioctl(asking, _SIOCGIFHWADDR, struct.pack("16s24x", link.encode()))
            return socket.if_nametoindex(link) if int.from_bytes(answer[16:18], "little") == _ETHERNET else 0
        except OSError:
            return 0
