"""Bans that Kamailio must enforce itself: without the right to use nftables, while a kernel set is full, and slowed
pairs.

The guard writes, workers read. A shared word says how many there are: while the kernel does the job it is 0 and a
look costs one memory read. Every end is told in seconds since boot, so that a clock that is set ends no ban.
"""

import mmap
import os
import struct
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import lmdb

from ringfence.policy.addresses import Address, AddressProblem, Network, ban_key, parse_address
from ringfence.store.broken import mend

MAP_SIZE: Final = 256 << 20
MAX_READERS: Final = 512
WORD_BYTES: Final = 8
RETRY_SECONDS: Final = 1.0
LONGEST_ACCOUNT: Final = 256
"""Bytes of an account in a key: LMDB takes 511 together, and a stranger may call himself what he likes."""

_EXPIRY: Final = struct.Struct("<d")
_ALLOWED: Final = b"\n"
"""Keys with this beginning are whom bans spare; the one without an end is their prefix lengths."""


def _word_file(folder: Path) -> Path:
    return folder / "count"


def _pair_key(key: str, account: str) -> bytes:
    return f"{key}\n".encode() + account.lower()[:128].encode()[:LONGEST_ACCOUNT]


def since_boot() -> float:
    """Seconds, on the clock of this list."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class BanWriter:
    """The guard's side. Each change is one transaction; a killed guard leaves the old state in force until it
    expires.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        mend(folder)  # nothing here is synced, and the ledger knows every ban
        self._env = lmdb.open(str(folder), map_size=MAP_SIZE, max_readers=MAX_READERS, mode=0o640, sync=False)
        self._env.reader_check()
        (folder / "lock.mdb").chmod(0o660)  # readers register themselves in the lock file
        fd = os.open(_word_file(folder), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.ftruncate(fd, WORD_BYTES)
            self._map = mmap.mmap(fd, WORD_BYTES)
        finally:
            os.close(fd)
        self.allow(())

    def allow(self, networks: Iterable[Network]) -> None:
        """Exactly these parts of a /64 of IPv6 are spared by its ban."""
        prefixes = set(networks)
        with self._env.begin(write=True) as txn:
            _clear(txn, _ALLOWED)
            for network in prefixes:
                txn.put(_allowed_key(network.network_address, network.prefixlen), b"")
            if prefixes:
                txn.put(_ALLOWED, bytes(sorted({network.prefixlen for network in prefixes})))
        self._spared = len(prefixes) + bool(prefixes)
        self._count()

    def replace_all(self, bans: Iterable[tuple[str, float]]) -> None:
        """Exactly these (ban key, its end) are to be refused in signaling; slowed pairs are forgotten."""
        with self._env.begin(write=True) as txn:
            for old in [bytes(found) for found, _ in _timed(txn)]:
                txn.delete(old)
            for key, expires_at in bans:
                txn.put(key.encode(), _EXPIRY.pack(expires_at))
        self._count()

    def put(self, key: str, expires_at: float) -> None:
        with self._env.begin(write=True) as txn:
            txn.put(key.encode(), _EXPIRY.pack(expires_at))
        self._count()

    def slow(self, key: str, accounts: Iterable[str], expires_at: float) -> None:
        """These accounts get no password check from this source until then."""
        with self._env.begin(write=True) as txn:
            for account in accounts:
                txn.put(_pair_key(key, account), _EXPIRY.pack(expires_at))
        self._count()

    def remove(self, key: str) -> None:
        """Forgets the source and its slowed pairs."""
        if self._is_empty():
            return
        prefix = key.encode()
        with self._env.begin(write=True) as txn:
            txn.delete(prefix)
            _clear(txn, prefix + b"\n")
        self._count()

    def sweep(self, now: float) -> None:
        """Removes what has expired, so that the word returns to 0."""
        if self._is_empty():
            return
        with self._env.begin(write=True) as txn:
            for key in [bytes(key) for key, raw in _timed(txn) if _EXPIRY.unpack(raw)[0] <= now]:
                txn.delete(key)
        self._count()

    def close(self) -> None:
        self._env.close()
        self._map.close()

    def _is_empty(self) -> bool:
        return self._map[:WORD_BYTES] == bytes(WORD_BYTES)

    def _count(self) -> None:
        with self._env.begin() as txn:
            entries = txn.stat()["entries"]
        struct.pack_into("<Q", self._map, 0, entries - self._spared)


class BanReader:
    """A worker's side; open it after the fork. While there is no guard yet, nothing is banned, and it looks again
    each second. `now` is `since_boot()`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._words: Any = None
        self._env: Any = None
        self._next_try = 0.0

    def holds_any(self, now: float) -> bool:
        """Whether there is anything to ask for."""
        return (self._words is not None or self._open(now)) and self._words[0] != 0

    def is_banned(self, address: str, now: float) -> bool:
        """Whether signaling must refuse this source."""
        if self._words is None and not self._open(now):
            return False
        if self._words[0] == 0:
            return False
        key = _key_of(address)
        return key is not None and self._holds(key.encode(), now) and not self._spares(address)

    def is_slowed(self, address: str, account: str, now: float) -> bool:
        """Whether this account gets no password check from this source for the moment."""
        if self._words is None and not self._open(now):
            return False
        if self._words[0] == 0:
            return False
        key = _key_of(address)
        return key is not None and self._holds(_pair_key(key, account), now) and not self._spares(address)

    def _holds(self, key: bytes, now: float) -> bool:
        with self._env.begin() as txn:
            raw = txn.get(key)
        return raw is not None and now < float(_EXPIRY.unpack(raw)[0])

    def _spares(self, text: str) -> bool:
        """Whether an allow entry names this address, or a part of its /64 around it."""
        with self._env.begin() as txn:
            lengths = txn.get(_ALLOWED)
            if lengths is None or ":" not in text:
                return False
            address = parse_address(text)
            return any(txn.get(_allowed_key(address, length)) is not None for length in lengths)

    def _open(self, now: float) -> bool:
        if now < self._next_try:
            return False
        self._next_try = now + RETRY_SECONDS
        try:
            env = lmdb.open(str(self._folder), map_size=MAP_SIZE, max_readers=MAX_READERS, readonly=True, create=False)
            with _word_file(self._folder).open("rb") as stream:
                shared = mmap.mmap(stream.fileno(), WORD_BYTES, prot=mmap.PROT_READ)
        except (OSError, ValueError, lmdb.Error):
            return False
        self._env = env
        self._words = memoryview(shared).cast("Q")
        return True


def _key_of(address: str) -> str | None:
    try:
        return ban_key(address)
    except AddressProblem:
        return None


def _allowed_key(address: Address, length: int) -> bytes:
    kept = int(address) >> (address.max_prefixlen - length)
    return _ALLOWED + bytes([length]) + kept.to_bytes(16, "big")


def _timed(txn: Any) -> Iterator[tuple[bytes, bytes]]:
    """Everything that ends: bans and slowed pairs."""
    return ((key, raw) for key, raw in txn.cursor() if not key.startswith(_ALLOWED))


def _clear(txn: Any, prefix: bytes) -> None:
    """Removes every key with this beginning."""
    cursor = txn.cursor()
    while cursor.set_range(prefix) and cursor.key().startswith(prefix):
        cursor.delete()
