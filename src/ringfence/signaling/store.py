"""The worker's view of the policy: the newest committed book, or the last good one."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import lmdb

from ringfence.policy.book import Subscriber
from ringfence.policy.index import Index, build_index
from ringfence.store.reader import PolicyReader

RETRY_SECONDS: Final = 1.0
Report = Callable[[str], None]


class PolicyView:
    """Opened on first use, so after the fork. A broken book leaves the old one in force and is reported once."""

    def __init__(self, folder: Path, broken: Report) -> None:
        self._folder = folder
        self._broken = broken
        self._reader: PolicyReader | None = None
        self._index: Index | None = None
        self._version = -1
        self._commits = -1
        self._retry_at = 0.0

    def current(self) -> Index | None:
        """The index to judge this message by; None when there never was a policy: then everything is refused."""
        reader = self._reader
        if reader is None or reader.commits() != self._commits or self._commits < 0:
            self._look()
        return self._index

    def look_through(self, reader: PolicyReader) -> None:
        """Another part of this process holds the store open, and LMDB opens it once."""
        self._reader = reader

    @property
    def commits(self) -> int:
        """The number of the commit that `current` last looked at; below 1 if this LMDB does not show it."""
        return self._commits

    @property
    def version(self) -> int:
        """Changes with everything that is published."""
        return self._version

    def subscriber(self, aor: str) -> Subscriber | None:
        """The subscriber as stored now."""
        reader = self._opened()
        return reader.subscriber(aor) if reader else None

    def record(self, aor: str) -> bytes | None:
        """The subscriber's stored record."""
        reader = self._opened()
        return reader.record(aor) if reader else None

    def lookup(self, key: str) -> bytes | None:
        """What is stored now under a key such as `did/+4930123`."""
        reader = self._opened()
        return reader.lookup(key) if reader else None

    def _opened(self) -> PolicyReader | None:
        """The first that a process does may be the next step of a call: the one that keeps time judges no request."""
        if self._reader is None:
            self._look()
        return self._reader

    def _look(self) -> None:
        """Takes over a new version. Nothing is held afterwards: an idle worker must not pin an old state."""
        if self._reader is None and not self._open():
            return
        assert self._reader is not None
        self._commits = self._reader.commits()
        version = self._reader.refresh()
        if version != self._version:
            self._adopt(version)
        self._reader.release()

    def _open(self) -> bool:
        now = time.monotonic()
        if now < self._retry_at:
            return False
        self._retry_at = now + RETRY_SECONDS
        try:
            self._reader = PolicyReader(self._folder)
        except (lmdb.Error, OSError) as error:
            self._broken(f"policy store cannot be opened: {error}")
            return False
        return True

    def _adopt(self, version: int) -> None:
        assert self._reader is not None
        self._version = version
        try:
            book = self._reader.book()
            if book is not None and (self._index is None or book.version != self._index.book.version):
                self._index = build_index(book)
        except (lmdb.Error, ValueError, KeyError, TypeError) as error:
            self._broken(f"policy version {version} is broken: {error}")
