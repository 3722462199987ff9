"""A kernel that not everybody comes past: whom an SBC on another host passes on reaches the core over the link, and the
kernel here sees the SBC alone. Signaling enforces every ban and every address entry as well then (docs/adr/0058).
"""

from collections.abc import Iterator

import lmdb

from ringfence.guard.firewall import FirewallRefused, Nft
from ringfence.guard.shape import Lists
from ringfence.policy.entry_index import EntryIndex
from ringfence.store.blocks import BlockWriter


class PassedBy(Nft):
    """The real kernel, and the list that signaling reads."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: BlockWriter | None = None
        self._lines = b""
        self._lists = Lists()

    @classmethod
    def telling(cls, blocks: BlockWriter) -> "PassedBy":
        """Raises FirewallRefused, ImportError or OSError."""
        found = cls()
        found._must_be_usable()
        found._blocks = blocks
        return found

    @property
    def sees_all(self) -> bool:
        return False

    def replace_lists(self, lists: Lists) -> None:
        super().replace_lists(lists)
        changed, self._lists = lists.never_block != self._lists.never_block, lists
        if changed:
            for _ in self._tell(self._lines):
                continue

    def load_entries(self, entries: EntryIndex, now: float) -> Iterator[None]:
        self._lines = entries.lines
        yield from self._tell(entries.lines)
        yield from super().load_entries(entries, now)

    def _tell(self, lines: bytes) -> Iterator[None]:
        if self._blocks is None:
            return
        try:
            yield from self._blocks.load(lines, self._lists.never_block)
        except (lmdb.Error, ValueError) as error:
            raise FirewallRefused(str(error)) from error
