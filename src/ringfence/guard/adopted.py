"""The policy the guard obeys: the newest book of the policy store, with an index of its address entries."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import lmdb

from ringfence.policy.addresses import Address, Network, ban_network
from ringfence.policy.book import Book
from ringfence.policy.offenders.entry_index import EntryIndex
from ringfence.store.reader import PolicyReader


class AdoptedPolicy:
    """Looks for a new book; a missing or broken store leaves the old policy in force."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: PolicyReader | None = None
        self._seen = -1
        self._commits = -1
        self.entries_version = -1
        self.book = Book()
        self.addresses = EntryIndex(b"")
        self.broken = ""
        self.told_parts: Mapping[Network, list[Network]] = {}
        """On the SBC's host: what the core's entries allow of each IPv6 /64."""

    def is_unchanged(self) -> bool:
        """Whether nothing was written since the last look that succeeded. One look into shared memory."""
        return self._reader is not None and not self.broken and 0 < self._commits == self._reader.commits()

    def look(self) -> bool:
        """Whether another book is in force now. Cheap when nothing changed."""
        try:
            reader = self._open()
            self._commits = reader.commits()
            version = reader.refresh()
            if version == self._seen:
                return False
            self._seen = version
            book = reader.book() or Book()
            entries_version = reader.entries_version()
            addresses = self.addresses
            if entries_version != self.entries_version:
                addresses = EntryIndex(reader.entries())
        except (OSError, lmdb.Error, ValueError, KeyError, TypeError) as error:
            self.broken = f"{type(error).__name__}: {error}"
            return False
        finally:
            self.release()
        self.broken = ""
        self.entries_version = entries_version
        self.book, self.addresses = book, addresses
        return True

    def spared(self, now: float) -> tuple[Network, ...]:
        """What bans of an IPv6 /64 do not touch."""
        return (*self.addresses.narrow(now), *chain.from_iterable(self.told_parts.values()))

    def spared_within(self, network: Network, now: float) -> tuple[Network, ...]:
        """The same, of one /64."""
        return (*self.addresses.narrow_within(network, now), *self.told_parts.get(network, ()))

    def spares(self, address: Address, now: float) -> bool:
        return self.addresses.allows(address, now) or any(
            address in part for part in self.told_parts.get(ban_network(address), ())
        )

    def lookup(self, key: str) -> bytes | None:
        """What is stored now under a key such as `rate/4930`; None while there is no store."""
        try:
            return self._open().lookup(key)
        except (OSError, lmdb.Error) as error:
            self.broken = f"{type(error).__name__}: {error}"
            return None

    def release(self) -> None:
        if self._reader is not None:
            self._reader.release()

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _open(self) -> PolicyReader:
        if self._reader is None:
            self._reader = PolicyReader(self._folder)
        return self._reader
