"""A kernel that not everybody comes past: whom an SBC on another host passes on reaches the core over the link, and the
kernel here sees the SBC alone. Signaling enforces every ban and every address entry as well then (docs/adr/0058).
"""

from collections.abc import Iterator

from ringfence.guard.firewall import Nft, tell_signaling
from ringfence.policy.addresses import Network
from ringfence.policy.entry_index import EntryIndex
from ringfence.store.blocks import BlockWriter


class PassedBy(Nft):
    """The real kernel, and the list that signaling reads."""

    def __init__(self, blocks: BlockWriter) -> None:
        super().__init__()
        self._blocks = blocks
        self._lines = b""
        self._members: tuple[Network, ...] = ()

    @property
    def sees_all(self) -> bool:
        return False

    def protect(self, members: tuple[Network, ...]) -> None:
        super().protect(members)
        self._members = members
        for _ in tell_signaling(self._blocks, self._lines, members):
            continue

    def load_entries(self, entries: EntryIndex, now: float) -> Iterator[None]:
        self._lines = entries.lines
        yield from tell_signaling(self._blocks, entries.lines, self._members)
        yield from super().load_entries(entries, now)
