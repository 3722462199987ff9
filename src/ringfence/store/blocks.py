"""Allow and block entries for Kamailio, where the guard may not use nftables: then nobody else drops what is blocked.

The guard writes, workers read. A shared word says whether there is anything to ask: while the kernel does the job it is
0 and a look costs one memory read. A question costs one read for each prefix length in use, however many entries there
are.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ringfence.policy.addresses import Address, AddressProblem, Network, parse_address
from ringfence.policy.book import Target
from ringfence.policy.offenders.entries import NEVER, TARGETS, digits, sort_key
from ringfence.policy.offenders.entry_index import parts
from ringfence.store import lists, words

MAP_SIZE: Final = 1 << 30
WORD: Final = "enforced"
ENTRY: Final = b"e"
MEMBER: Final = b"n"
LENGTHS: Final = b"lengths"
_VALUE: Final = struct.Struct("<cd")
_ENDLESS: Final = float("inf")
_BLOCKS: Final = next(letter for letter, target in TARGETS.items() if target is Target.BLOCK).encode()


class BlockWriter:
    """The guard's side. A list is replaced in one transaction, beside the old one until it is complete."""

    def __init__(self, folder: Path) -> None:
        self._env = lists.open_for_writing(folder, MAP_SIZE)  # the policy store has every entry
        self._words = words.made(folder / WORD, 1)

    def load(self, lines: bytes, members: Iterable[Network]) -> Iterator[None]:
        """These entries, and never a member of the never-block set; `lines` are those of `policy/offenders/entries.py`.

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
        self._words[0] = int(bool(lines))

    def clear(self) -> None:
        """The kernel does it: workers need not look."""
        self._words[0] = 0

    def close(self) -> None:
        self._env.close()
        self._words.release()


class BlockReader(lists.ListReader):
    """A worker's side; open it after the fork."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, WORD, MAP_SIZE)

    def blocks(self, source: str, now: float) -> bool:
        """Whether the longest entry around this source is a block entry; `now` is Unix time in seconds."""
        if not self.holds_any(now):
            return False
        try:
            address = parse_address(source)
        except AddressProblem:
            return False
        with self.env.begin() as txn:
            for _ in _found(txn, MEMBER, address):
                return False
            for raw in _found(txn, ENTRY, address):
                letter, end = _VALUE.unpack(raw)
                if now < end:
                    return bool(letter == _BLOCKS)
        return False


def _found(txn: Any, kind: bytes, address: Address) -> Iterator[bytes]:
    """What stands about this address, the longest prefix first."""
    bits = address.max_prefixlen
    for length in txn.get(LENGTHS + kind + str(address.version).encode(), b""):
        first = int(address) >> (bits - length) << (bits - length)
        raw = txn.get(kind + f"{digits(address.version, first)}/{length:03}".encode())
        if raw is not None:
            yield raw
