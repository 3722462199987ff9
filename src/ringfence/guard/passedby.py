"""A kernel that not everybody comes past: whom an SBC on another host passes on reaches the core over the link, and the
kernel here sees the SBC alone. Signaling enforces every ban and every address entry as well then (docs/adr/0058).
"""

from collections.abc import Iterator

from ringfence.guard.firewall import Nft, tell_signaling
from ringfence.guard.shape import Lists
from ringfence.policy.entry_index import EntryIndex
from ringfence.store.blocks import BlockWriter


class PassedBy(Nft):
    """The real kernel, and the list that signaling reads."""

    def __init__(self, blocks: BlockWriter) -> None:
        super().__init__()
        self._blocks = blocks
        self._lines = b""
        self._lists = Lists()

    @property
    def sees_all(self) -> bool:
        return False

    def replace_lists(self, lists: Lists) -> None:
        super().replace_lists(lists)
        changed, self._lists = lists.never_block != self._lists.never_block, lists
        if changed:
            for _ in tell_signaling(self._blocks, self._lines, lists):
                continue

    def load_entries(self, entries: EntryIndex, now: float) -> Iterator[None]:
        self._lines = entries.lines
        yield from tell_signaling(self._blocks, entries.lines, self._lists)
        yield from super().load_entries(entries, now)
