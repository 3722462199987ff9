"""Allow and block entries for Kamailio, where the guard may not use nftables: then nobody else drops what is blocked.

The guard writes, workers read. A shared word says whether there is anything to ask: while the kernel does the job it is
0 and a look costs one memory read. A question costs one read for each prefix length in use, however many entries there
are.
"""

import mmap
import os
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import lmdb

from ringfence.policy.addresses import Address, AddressProblem, Network, parse_address
from ringfence.policy.book import Target
from ringfence.policy.entries import NEVER, TARGETS, digits, sort_key
from ringfence.policy.entry_index import parts
from ringfence.store.broken import mend

MAP_SIZE: Final = 1 << 30
MAX_READERS: Final = 512
WORD_BYTES: Final = 8
RETRY_SECONDS: Final = 1.0
ENTRY: Final = b"e"
MEMBER: Final = b"n"
LENGTHS: Final = b"lengths"
_VALUE: Final = struct.Struct("<cd")
_ENDLESS: Final = float("inf")
_BLOCKS: Final = next(letter for letter, target in TARGETS.items() if target is Target.BLOCK).encode()


def _word_file(folder: Path) -> Path:
    return folder / "enforced"


class BlockWriter:
    """The guard's side. A list is replaced in one transaction, beside the old one until it is complete."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        mend(folder)  # nothing here is synced, and the policy store has every entry
        self._env = lmdb.open(str(folder), map_size=MAP_SIZE, max_readers=MAX_READERS, mode=0o640, sync=False)
        self._env.reader_check()
        (folder / "lock.mdb").chmod(0o660)  # readers register themselves in the lock file
        fd = os.open(_word_file(folder), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.ftruncate(fd, WORD_BYTES)
            self._map = mmap.mmap(fd, WORD_BYTES)
        finally:
            os.close(fd)

    def load(self, lines: bytes, members: Iterable[Network]) -> Iterator[None]:
        """These entries, and never a member of the never-block set; `lines` are those of `policy/entries.py`.

        Each step takes some milliseconds. Raises ValueError on a broken line and lmdb.Error on a full disk; the old
        entries then stay in force.
        """
        lengths: dict[bytes, set[int]] = defaultdict(set)
        with self._env.begin(write=True) as txn:
            txn.drop(self._env.open_db(None, txn=txn), delete=False)
            for network in members:
                key = sort_key(network).encode()
                txn.put(MEMBER + key, b"")
                lengths[MEMBER + key[:1]].add(network.prefixlen)
            for part in parts(lines):
                for line in part.split(b"\n"):
                    key, letter, end, _ = line.split(b" ", 3)
                    txn.put(ENTRY + key, _VALUE.pack(letter, _ENDLESS if end == NEVER.encode() else float(end)))
                    lengths[ENTRY + key[:1]].add(int(key[-3:]))
                yield
            for kind, found in lengths.items():
                txn.put(LENGTHS + kind, bytes(sorted(found, reverse=True)))
        struct.pack_into("<Q", self._map, 0, int(bool(lines)))

    def clear(self) -> None:
        """The kernel does it: workers need not look."""
        struct.pack_into("<Q", self._map, 0, 0)

    def close(self) -> None:
        self._env.close()
        self._map.close()


class BlockReader:
    """A worker's side; open it after the fork."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._words: Any = None
        self._env: Any = None
        self._next_try = 0.0

    def holds_any(self, now: float) -> bool:
        """Whether there is anything to ask for."""
        return (self._words is not None or self._open(now)) and self._words[0] != 0

    def blocks(self, source: str, now: float) -> bool:
        """Whether the longest entry around this source is a block entry; `now` is Unix time in seconds."""
        if not self.holds_any(now):
            return False
        try:
            address = parse_address(source)
        except AddressProblem:
            return False
        with self._env.begin() as txn:
            for _ in _found(txn, MEMBER, address):
                return False
            for raw in _found(txn, ENTRY, address):
                letter, end = _VALUE.unpack(raw)
                if now < end:
                    return bool(letter == _BLOCKS)
        return False

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


def _found(txn: Any, kind: bytes, address: Address) -> Iterator[bytes]:
    """What stands about this address, the longest prefix first."""
    bits = address.max_prefixlen
    for length in txn.get(LENGTHS + kind + str(address.version).encode(), b""):
        first = int(address) >> (bits - length) << (bits - length)
        raw = txn.get(kind + f"{digits(address.version, first)}/{length:03}".encode())
        if raw is not None:
            yield raw
