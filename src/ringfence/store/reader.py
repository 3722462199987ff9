"""Reads the policy store: one memory-mapped look per decision, never a wait for the writer."""

import mmap
from pathlib import Path
from typing import Any, Final

import lmdb

from ringfence.policy.book import Book, Subscriber, decode_book, decode_subscriber
from ringfence.store import layout

_LAST_COMMIT: Final = 6
"""Where LMDB's lock file holds the number of the last commit, in words of eight bytes (mdb.c, MDB_txninfo): behind
magic, format and the readers' mutex. From there LMDB itself learns what a new reader sees.
"""


class PolicyReader:
    """A reader for one process; open it after the fork. Raises lmdb.Error or OSError while there is no store."""

    def __init__(self, folder: Path) -> None:
        self._env = lmdb.open(
            str(folder),
            map_size=layout.MAP_SIZE,
            max_dbs=layout.DATABASES,
            max_readers=layout.MAX_READERS,
            readonly=True,
            create=False,
            readahead=False,
        )
        self._subscribers = self._env.open_db(layout.SUBSCRIBERS, create=False)
        self._rules = self._env.open_db(layout.RULES, create=False)
        self._lookups = self._env.open_db(layout.LOOKUPS, create=False)
        self._txn: Any = None
        self._commits = self._find_commits(layout.lock_file(folder))

    def commits(self) -> int:
        """Changes with each commit and costs one look into shared memory; -1 if this LMDB keeps it elsewhere."""
        return self._commits[_LAST_COMMIT] if self._commits else -1

    def refresh(self) -> int:
        """Moves to the newest committed state and returns its version."""
        self.release()
        self._txn = self._env.begin()
        raw = self._txn.get(layout.VERSION_KEY, db=self._rules)
        return int.from_bytes(raw, "big") if raw else 0

    def release(self) -> None:
        """Lets the writer reuse old pages; a reader that idles on an old state would make the file grow."""
        if self._txn is not None:
            self._txn.abort()
            self._txn = None

    def book(self) -> Book | None:
        """The book as of the last `refresh`, without address entries.

        Raises ValueError, KeyError or TypeError if it is broken.
        """
        raw = self._txn.get(layout.BOOK_KEY, db=self._rules)
        return decode_book(raw) if raw else None

    def entries_version(self) -> int:
        """Changes whenever the address entries do."""
        raw = self._txn.get(layout.ENTRIES_VERSION_KEY, db=self._rules)
        return int.from_bytes(raw, "big") if raw else 0

    def entries(self) -> bytes:
        """The encoded address entries as of the last `refresh`; see `ringfence.policy.offenders.entries`."""
        raw: bytes = self._txn.get(layout.ENTRIES_KEY, b"", db=self._rules)
        return raw

    def subscriber(self, aor: str) -> Subscriber | None:
        """The subscriber as stored now. Raises ValueError on a broken record."""
        raw = self.record(aor)
        return decode_subscriber(raw) if raw else None

    def record(self, aor: str) -> bytes | None:
        """The subscriber's record as it is stored now."""
        return self._get(layout.subscriber_key(aor), self._subscribers)

    def lookup(self, key: str) -> bytes | None:
        """What is stored now under a key such as `did/+4930123`."""
        return self._get(layout.lookup_key(key), self._lookups)

    def _get(self, key: bytes, database: Any) -> bytes | None:
        txn = self._env.begin()
        raw: bytes | None = txn.get(key, db=database)
        txn.abort()
        return raw

    def close(self) -> None:
        self.release()
        self._env.close()

    def _find_commits(self, lock_file: Path) -> memoryview | None:
        size = 8 * (_LAST_COMMIT + 1)
        with lock_file.open("rb") as stream:
            words = memoryview(mmap.mmap(stream.fileno(), size, prot=mmap.PROT_READ)).cast("Q")
        before, said, after = words[_LAST_COMMIT], self._env.info()["last_txnid"], words[_LAST_COMMIT]
        return words if 0 < before <= said <= after else None
