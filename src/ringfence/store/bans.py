"""Bans that Kamailio must enforce itself: without the right to use nftables, while a kernel set is full, and slowed
pairs.

The guard writes, workers read. A shared word says how many there are: while the kernel does the job it is 0 and a
look costs one memory read. Every end is told in seconds since boot, so that a clock that is set ends no ban.
"""

import struct
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ringfence.policy.addresses import Address, AddressProblem, Network, ban_key, parse_address
from ringfence.store import lists, words

MAP_SIZE: Final = 256 << 20
WORD: Final = "count"
LONGEST_ACCOUNT: Final = 256
"""Bytes of an account in a key: LMDB takes 511 together, and a stranger may call himself what he likes."""

_EXPIRY: Final = struct.Struct("<d")
_ALLOWED: Final = b"\n"
"""Keys with this beginning are whom bans spare; the one without an end is their prefix lengths."""


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
        self._env = lists.open_for_writing(folder, MAP_SIZE)  # the ledger knows every ban
        self._words = words.made(folder / WORD, 1)
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
        self._words.release()

    def _is_empty(self) -> bool:
        return bool(self._words[0] == 0)

    def _count(self) -> None:
        with self._env.begin() as txn:
            entries = txn.stat()["entries"]
        self._words[0] = entries - self._spared


class BanReader(lists.ListReader):
    """A worker's side; open it after the fork. While there is no guard yet, nothing is banned, and it looks again
    each second. `now` is `since_boot()`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, WORD, MAP_SIZE)

    def is_banned(self, address: str, now: float) -> bool:
        """Whether signaling must refuse this source."""
        if not self.holds_any(now):
            return False
        key = _key_of(address)
        return key is not None and self._holds(key.encode(), now) and not self._spares(address)

    def is_slowed(self, address: str, account: str, now: float) -> bool:
        """Whether this account gets no password check from this source for the moment."""
        if not self.holds_any(now):
            return False
        key = _key_of(address)
        return key is not None and self._holds(_pair_key(key, account), now) and not self._spares(address)

    def _holds(self, key: bytes, now: float) -> bool:
        with self.env.begin() as txn:
            raw = txn.get(key)
        return raw is not None and now < float(_EXPIRY.unpack(raw)[0])

    def _spares(self, text: str) -> bool:
        """Whether an allow entry names this address, or a part of its /64 around it."""
        with self.env.begin() as txn:
            lengths = txn.get(_ALLOWED)
            if lengths is None or ":" not in text:
                return False
            address = parse_address(text)
            return any(txn.get(_allowed_key(address, length)) is not None for length in lengths)


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
