"""The policy the guard obeys: the newest book of the policy store, with its address table compiled."""

from dataclasses import replace
from pathlib import Path

import lmdb

from ringfence.policy.addresses import AddressTable, Span, is_live, spans
from ringfence.policy.book import Book, Target
from ringfence.policy.entries import decode_entries
from ringfence.store.reader import PolicyReader


class AdoptedPolicy:
    """Looks for a new book; a missing or broken store leaves the old policy in force."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: PolicyReader | None = None
        self._seen = -1
        self._seen_entries = -1
        self.book = Book()
        self.addresses = AddressTable(())
        self.broken = ""

    def look(self) -> bool:
        """Whether another book is in force now. Cheap when nothing changed."""
        try:
            reader = self._open()
            version = reader.refresh()
            if version == self._seen:
                return False
            self._seen = version
            book = reader.book() or Book()
            entries_version = reader.entries_version()
            entries, addresses = self.book.address_entries, self.addresses
            if entries_version != self._seen_entries:
                entries = decode_entries(reader.entries())
                addresses = AddressTable(entries)
        except (OSError, lmdb.Error, ValueError, KeyError, TypeError) as error:
            self.broken = f"{type(error).__name__}: {error}"
            return False
        finally:
            self.release()
        self.broken = ""
        self._seen_entries = entries_version
        self.book, self.addresses = replace(book, address_entries=entries), addresses
        return True

    def release(self) -> None:
        if self._reader is not None:
            self._reader.release()

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def spans(self, target: Target, now: float) -> tuple[Span, ...]:
        """What the entries say to the kernel at this time (Unix seconds)."""
        return spans(self.book.address_entries, target, now)

    def next_expiry(self, now: float) -> float | None:
        """When the next entry runs out."""
        return min(
            (entry.expires_at for entry in self.book.address_entries if entry.expires_at and is_live(entry, now)),
            default=None,
        )

    def _open(self) -> PolicyReader:
        if self._reader is None:
            self._reader = PolicyReader(self._folder)
        return self._reader
