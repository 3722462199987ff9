"""A kernel that not everybody comes past: whom an SBC on another host passes on reaches the core over the link, and the
kernel here sees the SBC alone. Signaling enforces every ban and every address entry as well then (docs/adr/0058).
"""

from collections.abc import Iterable, Iterator

from ringfence.guard.kernel.doorstep import Doorstep
from ringfence.guard.kernel.firewall import Nft, ToldEntries
from ringfence.guard.kernel.shape import Shape, Timed
from ringfence.policy.addresses import Network
from ringfence.policy.offenders.entry_index import EntryIndex
from ringfence.store.blocks import BlockWriter


class PassedBy(Nft):
    """The real kernel, and the list that signaling reads."""

    def __init__(self, blocks: BlockWriter, doorstep: Doorstep) -> None:
        super().__init__(doorstep)
        self._told = ToldEntries(blocks)

    @property
    def sees_all(self) -> bool:
        return False

    def install(self, shape: Shape, bans: Iterable[Timed], known: Iterable[Timed]) -> None:
        self._told.members = shape.never_block
        super().install(shape, bans, known)

    def protect(self, members: tuple[Network, ...]) -> None:
        super().protect(members)
        self._told.protect(members)

    def load_entries(self, entries: EntryIndex, now: float) -> Iterator[None]:
        yield from self._told.load(entries.lines)
        yield from super().load_entries(entries, now)
