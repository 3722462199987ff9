"""Puts the table into the kernel: libnftables in this process (an add takes some ten microseconds), or a dry run."""

import errno
import logging
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from enum import Enum
from typing import Any, Final, Protocol, Self

import lmdb

from ringfence.guard.kernel import blocklist, ruleset, setchanges
from ringfence.guard.kernel.blocklist import BlockLists
from ringfence.guard.kernel.connections import Connections
from ringfence.guard.kernel.doorstep import Doorstep
from ringfence.guard.kernel.elements import SetReader
from ringfence.guard.kernel.netlink import NETFILTER, Netlink, batch
from ringfence.guard.kernel.pinholes import Holes
from ringfence.guard.kernel.setchanges import BANS, KNOWN, MANY
from ringfence.guard.kernel.shape import Level, Shape, Timed
from ringfence.policy.addresses import Address, Network
from ringfence.policy.offenders.entry_index import EntryIndex
from ringfence.store.blocks import BlockWriter

log = logging.getLogger(__name__)

_FULL: Final = frozenset({errno.ENFILE, errno.ENOSPC})
_COUNTER: Final = re.compile(r"counter (\w+) \{\s*packets (\d+)")


class Outcome(Enum):
    """What became of a ban."""

    DONE = "done"
    FULL = "full"
    FAILED = "failed"


class FirewallRefused(Exception):
    """The kernel refused a change; the text is what nftables said."""


class Firewall(Protocol):
    """The kernel's side of a ban. Nothing here decides anything."""

    @property
    def in_kernel(self) -> bool:
        """Whether packets really die in the kernel; if not, signaling must refuse them."""

    @property
    def sees_all(self) -> bool:
        """Whether everybody who reaches SIP comes past it; if not, signaling must refuse them as well."""

    @property
    def stands_at_links(self) -> bool:
        """Whether a program drops banned sources before nftables sees them."""

    def install(self, shape: Shape, bans: Iterable[Timed], known: Iterable[Timed]) -> None:
        """The whole table, in one transaction. Raises FirewallRefused."""

    def stand_at(self, links: tuple[str, ...]) -> None:
        """Drops banned sources right behind these links of the host, where it costs least."""

    def protect(self, members: tuple[Network, ...]) -> None:
        """Replaces the never-block set. Raises FirewallRefused."""

    def allow(self, networks: tuple[Network, ...]) -> None:
        """Replaces whom a ban of their /64 spares. Raises FirewallRefused."""

    def replace_rates(self, shape: Shape) -> None:
        """Raises FirewallRefused."""

    def load_entries(self, entries: EntryIndex, now: float) -> Iterator[None]:
        """Loads the address entries beside the old ones and swaps them in at the end; each step takes some
        milliseconds. Raises FirewallRefused.
        """

    def know(self, sources: Iterable[Timed]) -> bool:
        """Adds or renews sources with an accepted registration; False if the kernel refused some of them."""

    def forget(self, network: Network) -> None:
        """Takes a source out of the known set."""

    def over(self, level: Level) -> tuple[tuple[Network, int], ...]:
        """The sources that exceeded a level during the last seconds, and how many of their packets were dropped."""

    def dropped(self) -> dict[str, int]:
        """How many packets the kernel dropped since the table was installed, by reason."""

    def peers(self) -> frozenset[Network]:
        """The sources with an established connection to a SIP port."""

    def cut(self, networks: Iterable[Network], spared: frozenset[Network] = frozenset()) -> None:
        """Ends the connections these sources still have; the parts of them that are spared keep theirs. It takes its
        time, and may run in a thread. Raises OSError.
        """

    def cut_where(self, is_blocked: Callable[[Address], bool]) -> None:
        """The same for every connected source that this is said of."""

    def admit_media(self, networks: Iterable[Network]) -> bool:
        """Opens the media ports for these too, until the next `open_media`."""

    def open_media(self, holes: Holes) -> bool:
        """Opens the media ports for these and, for some seconds, for nobody else. Whether that is in force."""

    def ban(self, ban: Timed) -> Outcome:
        """Adds or renews one ban."""

    def lift(self, network: Network) -> bool:
        """Whether the source is free again."""


class Nft:
    """The real kernel. Needs CAP_NET_ADMIN in its network namespace."""

    def __init__(self, doorstep: Doorstep) -> None:
        import nftables  # Debian's binding; not needed, and perhaps not there, for a dry run

        self._nft: Any = nftables.Nftables()
        elements = Netlink(NETFILTER)
        elements.allow_large_sends()
        self._elements = elements
        self._entries = BlockLists(self._must, elements)
        self._connections, self._cutter = Connections(), Connections()
        self._reader = SetReader(Netlink(NETFILTER))
        self._doorstep = doorstep
        self._links: tuple[str, ...] = ()
        self._chained: tuple[str, ...] = ()
        self._installed = False
        self._holes: Holes | None = None

    def checked(self) -> Self:
        """The kernel, proven to be usable. Raises FirewallRefused."""
        self._must(f"add table {ruleset.TABLE}")
        return self

    @property
    def in_kernel(self) -> bool:
        return True

    @property
    def sees_all(self) -> bool:
        return True

    @property
    def stands_at_links(self) -> bool:
        return self._doorstep.stands

    def install(self, shape: Shape, bans: Iterable[Timed], known: Iterable[Timed]) -> None:
        held = list(bans)
        self._must(ruleset.whole_table(shape, held, known))
        self._installed, self._chained = True, ()
        if self._holes is not None:
            self.open_media(self._holes)  # a new table drops nothing until somebody looks after it
        self._doorstep.hold(held, shape.allowed)
        self._must(blocklist.protected(shape.never_block))
        self._stand()

    def stand_at(self, links: tuple[str, ...]) -> None:
        self._links = links
        if self._installed:
            self._stand()

    def _stand(self) -> None:
        """A chain where the program cannot be. A kernel without its hook, or a link that has just gone, costs nothing
        but speed.
        """
        links = self._doorstep.stand_at(self._links)
        if links == self._chained:
            return
        if self._chained:
            self._run(ruleset.without_doorstep())
        self._chained = links
        code, text = self._run(ruleset.doorstep(links)) if links else (0, "")
        if code != 0:
            log.warning("banned sources are dropped a little later: %s", text.strip().splitlines()[:1])

    def protect(self, members: tuple[Network, ...]) -> None:
        self._must(ruleset.replaced_members(members))
        self._must(blocklist.protected(members))

    def allow(self, networks: tuple[Network, ...]) -> None:
        self._must(ruleset.replaced_allowed(networks))
        self._doorstep.spare(networks)

    def replace_rates(self, shape: Shape) -> None:
        self._must(ruleset.replaced_rates(shape))

    def load_entries(self, entries: EntryIndex, now: float) -> Iterator[None]:
        try:
            yield from self._entries.load(entries, now)
        except (OSError, ValueError, KeyError) as error:
            raise FirewallRefused(str(error)) from error

    def know(self, sources: Iterable[Timed]) -> bool:
        found = list(sources)
        many = [source for source in found if source.many]
        return self._changed(setchanges.renewed(KNOWN, found) + setchanges.renewed(MANY, many)) == 0

    def forget(self, network: Network) -> None:
        self._changed(setchanges.removed(KNOWN, network) + setchanges.removed(MANY, network))

    def over(self, level: Level) -> tuple[tuple[Network, int], ...]:
        return tuple(found for version in (4, 6) for found in self._reader.counted(level, version))

    def dropped(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for table in (ruleset.TABLE, blocklist.TABLE):
            code, text, _ = self._nft.cmd(f"list counters table {table}")
            found.update({name: int(count) for name, count in _COUNTER.findall(text)} if code == 0 else {})
        banned = ruleset.Dropped.BANNED.value
        return found | {banned: found[banned] + self._doorstep.dropped()} if banned in found else found

    def peers(self) -> frozenset[Network]:
        return self._connections.peers()

    def cut(self, networks: Iterable[Network], spared: frozenset[Network] = frozenset()) -> None:
        self._cutter.cut(networks, spared)

    def cut_where(self, is_blocked: Callable[[Address], bool]) -> None:
        self._cutter.cut_where(is_blocked)

    def admit_media(self, networks: Iterable[Network]) -> bool:
        return self._changed(setchanges.admitted(networks)) == 0

    def open_media(self, holes: Holes) -> bool:
        self._holes = holes
        return self._changed(setchanges.opened(holes)) == 0

    def ban(self, ban: Timed) -> Outcome:
        code = self._changed(setchanges.renewed(BANS, [ban]))
        if code == 0:
            self._doorstep.ban(ban)
            return Outcome.DONE
        return Outcome.FULL if code in _FULL else Outcome.FAILED

    def lift(self, network: Network) -> bool:
        self._doorstep.lift(network)
        code = self._changed(setchanges.removed(BANS, network))
        if code in _FULL:
            code = self._changed(setchanges.deleted(BANS, network))
        return code in (0, errno.ENOENT)

    def _changed(self, messages: bytes) -> int:
        """One transaction; 0, or the number of the error for which the kernel refused it."""
        try:
            self._elements.tell(batch(messages))
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def _must(self, commands: str) -> None:
        code, text = self._run(commands)
        if code != 0:
            raise FirewallRefused(text.strip().splitlines()[0] if text.strip() else f"nftables error {code}")

    def _run(self, commands: str) -> tuple[int, str]:
        code, _, error = self._nft.cmd(commands)
        return int(code), str(error)


class ToldEntries:
    """The entries that signaling enforces. Raises FirewallRefused."""

    def __init__(self, blocks: BlockWriter | None) -> None:
        self._blocks = blocks
        self._lines = b""
        self.members: tuple[Network, ...] = ()
        self._telling = self._tell()

    def load(self, lines: bytes) -> Iterator[None]:
        """Writes them, in small steps."""
        self._lines = lines
        self._telling = self._tell()
        yield from self._telling

    def protect(self, members: tuple[Network, ...]) -> None:
        """Writes them at once for other members; what is being written ends, since the store has one writer."""
        self._telling.close()
        self.members = members
        for _ in self._tell():
            continue

    def _tell(self) -> Generator[None]:
        if self._blocks is None:
            return
        try:
            yield from self._blocks.load(self._lines, self.members)
        except (lmdb.Error, ValueError) as error:
            raise FirewallRefused(str(error)) from error


class DryRun:
    """No kernel: remembers what would have been done. Bans and entries are then enforced in signaling."""

    def __init__(self, blocks: BlockWriter | None = None) -> None:
        self._told = ToldEntries(blocks)
        self.banned: dict[Network, float] = {}
        self.known: dict[Network, float] = {}
        self.entries = b""
        self.exceeding: dict[Level, tuple[tuple[Network, int], ...]] = {}
        self.connected: frozenset[Network] = frozenset()
        self.cut_off: list[Network] = []
        self.shape: Shape | None = None
        self.links: tuple[str, ...] = ()
        self.allowed: tuple[Network, ...] = ()
        self.holes: Holes | None = None

    @property
    def in_kernel(self) -> bool:
        return False

    @property
    def members(self) -> tuple[Network, ...]:
        return self._told.members

    @property
    def sees_all(self) -> bool:
        return True

    @property
    def stands_at_links(self) -> bool:
        return False

    def install(self, shape: Shape, bans: Iterable[Timed], known: Iterable[Timed]) -> None:
        self.shape = shape
        self._told.members = shape.never_block
        self.banned = {ban.network: ban.seconds for ban in bans}
        self.known = {source.network: source.seconds for source in known}

    def stand_at(self, links: tuple[str, ...]) -> None:
        self.links = links

    def protect(self, members: tuple[Network, ...]) -> None:
        self._told.protect(members)

    def allow(self, networks: tuple[Network, ...]) -> None:
        self.allowed = networks

    def replace_rates(self, shape: Shape) -> None:
        self.shape = shape

    def load_entries(self, entries: EntryIndex, now: float) -> Iterator[None]:
        self.entries = entries.lines
        yield from self._told.load(entries.lines)
        yield

    def know(self, sources: Iterable[Timed]) -> bool:
        self.known.update({source.network: source.seconds for source in sources})
        return True

    def forget(self, network: Network) -> None:
        self.known.pop(network, None)

    def over(self, level: Level) -> tuple[tuple[Network, int], ...]:
        return self.exceeding.get(level, ())

    def dropped(self) -> dict[str, int]:
        return {}

    def peers(self) -> frozenset[Network]:
        return self.connected

    def cut(self, networks: Iterable[Network], spared: frozenset[Network] = frozenset()) -> None:
        self.cut_off.extend(networks)

    def cut_where(self, is_blocked: Callable[[Address], bool]) -> None:
        self.cut_off.extend(network for network in self.connected if is_blocked(network.network_address))

    def admit_media(self, networks: Iterable[Network]) -> bool:
        return False

    def open_media(self, holes: Holes) -> bool:
        self.holes = holes
        return False

    def ban(self, ban: Timed) -> Outcome:
        self.banned[ban.network] = ban.seconds
        return Outcome.DONE

    def lift(self, network: Network) -> bool:
        self.banned.pop(network, None)
        return True
