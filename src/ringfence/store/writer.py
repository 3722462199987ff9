"""Writes the policy store. Only the portal's compiler uses this; each change is one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lmdb

from ringfence.policy.book import Book, Subscriber, decode_book, encode_book, encode_subscriber
from ringfence.policy.offenders.entries import encode_entries
from ringfence.store import layout


@dataclass(frozen=True, slots=True)
class Lookups:
    """A change of what is looked up by key. Of a `replaced` kind nothing old stays."""

    put: Iterable[tuple[str, bytes]] = ()
    remove: Iterable[str] = ()
    replaced: Iterable[str] = ()


class PolicyWriter:
    """The single writer. LMDB's own lock serialises two compilers; a killed one leaves the old policy in force."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._env = lmdb.open(
            str(folder), map_size=layout.MAP_SIZE, max_dbs=layout.DATABASES, max_readers=layout.MAX_READERS, mode=0o640
        )
        self._env.reader_check()
        self._subscribers = self._env.open_db(layout.SUBSCRIBERS)
        self._rules = self._env.open_db(layout.RULES)
        self._lookups = self._env.open_db(layout.LOOKUPS)
        layout.lock_file(folder).chmod(0o660)  # readers register themselves in the lock file

    def version(self) -> int:
        """The version in force, 0 for an empty store."""
        with self._env.begin() as txn:
            return _version(txn.get(layout.VERSION_KEY, db=self._rules))

    def entries(self) -> bytes:
        """The encoded address entries in force."""
        with self._env.begin() as txn:
            raw: bytes = txn.get(layout.ENTRIES_KEY, b"", db=self._rules)
        return raw

    def book(self) -> Book | None:
        """The book in force, without address entries."""
        with self._env.begin() as txn:
            raw = txn.get(layout.BOOK_KEY, db=self._rules)
        return decode_book(raw) if raw else None

    def publish(
        self,
        book: Book | None = None,
        put: Iterable[Subscriber] = (),
        remove: Iterable[str] = (),
        *,
        replace_all: bool = False,
        entries: bytes | None = None,
        lookups: Lookups | None = None,
    ) -> int:
        """Puts a change in force and returns its version (the book's own version field is set to it).

        `book` None keeps the rules; `replace_all` drops all subscribers first. `entries` are encoded address entries;
        without them a book brings its own. `lookups` change what is looked up by key. Raises ValueError, with nothing
        changed, if a record cannot be stored.
        """
        if entries is None and book is not None:
            entries = encode_entries(book.address_entries)
        with self._env.begin(write=True) as txn:
            version = _version(txn.get(layout.VERSION_KEY, db=self._rules)) + 1
            if replace_all:
                txn.drop(self._subscribers, delete=False)
            for aor in remove:
                txn.delete(layout.subscriber_key(aor), db=self._subscribers)
            for subscriber in put:
                txn.put(layout.subscriber_key(subscriber.aor), encode_subscriber(subscriber), db=self._subscribers)
            if lookups is not None:
                self._put_lookups(txn, lookups)
            if book is not None:
                plain = replace(book, version=version, address_entries=())
                txn.put(layout.BOOK_KEY, encode_book(plain), db=self._rules)
            if entries is not None and entries != txn.get(layout.ENTRIES_KEY, b"", db=self._rules):
                txn.put(layout.ENTRIES_KEY, entries, db=self._rules)
                txn.put(layout.ENTRIES_VERSION_KEY, version.to_bytes(layout.VERSION_BYTES, "big"), db=self._rules)
            txn.put(layout.VERSION_KEY, version.to_bytes(layout.VERSION_BYTES, "big"), db=self._rules)
        return version

    def _put_lookups(self, txn: lmdb.Transaction, lookups: Lookups) -> None:
        for kind in lookups.replaced:
            _drop_kind(txn, layout.lookup_key(f"{kind}/"), self._lookups)
        for key in lookups.remove:
            txn.delete(layout.lookup_key(key), db=self._lookups)
        for key, value in lookups.put:
            txn.put(layout.lookup_key(key), value, db=self._lookups)

    def close(self) -> None:
        self._env.close()


def _drop_kind(txn: lmdb.Transaction, prefix: bytes, database: Any) -> None:
    with txn.cursor(db=database) as cursor:
        found = cursor.set_range(prefix)
        while found and bytes(cursor.key()).startswith(prefix):
            found = cursor.delete()


def _version(raw: bytes | None) -> int:
    return int.from_bytes(raw, "big") if raw else 0
