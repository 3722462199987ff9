"""Address entries as the guard asks them: the encoded lines and which prefix lengths occur in them, nothing unpacked.

A million entries are one piece of memory. A question is one binary search for each length; the longest match decides.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Network
from itertools import chain, islice
from typing import Final

from ringfence.policy.addresses import HOST_BITS_V6, Address, Network, is_live
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.offenders.entries import decode_entries, digits, rows

_LINE: Final = {
    4: re.compile(rb"^4[0-9a-f]{8}/(\d{3}) [ab] ", re.M),
    6: re.compile(rb"^6[0-9a-f]{32}/(\d{3}) [ab] ", re.M),
}
_NARROW: Final = re.compile(rb"^6[0-9a-f]+/(?:06[5-9]|0[7-9]\d|1\d\d) .*$", re.M)
_ALLOWED: Final = re.compile(rb"^[46][0-9a-f]+/\d{3} a .*$", re.M)
PART_BYTES: Final = 25_000
MOST_NARROW: Final = 16_384
"""Allow entries for less than a /64 of IPv6 that bans spare; of more of them, the first in address order."""

type Part = tuple[Network, float | None]
"""What an entry names of a /64, and when it ends in Unix time."""


def _holds(part: bytes, version: int) -> bool:
    """Whether a line of this family is in there; lines are in order, so nearly every part holds one family only."""
    first = str(version).encode()
    return part.startswith(first) or b"\n" + first in part


def parts(lines: bytes) -> Iterator[bytes]:
    """Whole lines, some eight hundred at a time: nobody who shares the interpreter waits long."""
    start = 0
    while start < len(lines):
        end = lines.find(b"\n", start + PART_BYTES)
        end = len(lines) if end < 0 else end
        yield lines[start:end]
        start = end + 1


class EntryIndex:
    """What `encode_entries` made. Raises ValueError if a line has another form."""

    def __init__(self, lines: bytes) -> None:
        self.lines = lines
        counted: dict[int, Counter[bytes]] = {version: Counter() for version in _LINE}
        for part in parts(lines):
            for version, pattern in _LINE.items():
                if _holds(part, version):
                    counted[version].update(pattern.findall(part))
        if sum(some.total() for some in counted.values()) != (lines.count(b"\n") + 1 if lines else 0):
            raise ValueError("a line of the address entries is broken")
        self.counts = {(version, int(length)): n for version, some in counted.items() for length, n in some.items()}
        self._lengths = {version: sorted(map(int, some), reverse=True) for version, some in counted.items()}
        self.allowing = b"\n".join(_ALLOWED.findall(lines))
        self._narrow = _narrow(self.allowing)

    def lookup(
        self, address: Address, now: float, without: frozenset[str] = frozenset(), longest: int = 128
    ) -> AddressEntry | None:
        """The entry that decides about this address; expired entries do not exist, nor do the prefixes in `without` and
        those with more bits than `longest`.

        `now` is Unix time in seconds.
        """
        bits = address.max_prefixlen
        for length in self._lengths[address.version]:
            if length > longest:
                continue
            first = int(address) >> (bits - length) << (bits - length)
            entry = self._entry(f"{digits(address.version, first)}/{length:03} ".encode())
            if entry is not None and is_live(entry, now) and entry.cidr not in without:
                return entry
        return None

    def allows(self, address: Address, now: float, longest: int = 128) -> bool:
        if not self.allowing:
            return False
        entry = self.lookup(address, now, longest=longest)
        return entry is not None and entry.target is Target.ALLOW

    def allows_all(self, network: Network, now: float) -> bool:
        """Whether an entry allows the whole of it, whatever others say about parts."""
        return self.allows(network.network_address, now, network.prefixlen)

    def narrow(self, now: float) -> tuple[Network, ...]:
        """What the entries allow of a /64 of IPv6 that they do not allow as a whole: a ban of that /64 spares it."""
        return tuple(islice(_live(chain.from_iterable(self._narrow.values()), now), MOST_NARROW))

    def narrow_within(self, network: Network, now: float) -> tuple[Network, ...]:
        """The same, of one /64."""
        return tuple(_live(self._narrow.get(network, ()), now))

    def blocks(self, address: Address, now: float) -> bool:
        entry = self.lookup(address, now)
        return entry is not None and entry.target is Target.BLOCK

    def _entry(self, start: bytes) -> AddressEntry | None:
        at = self._position(start)
        if not self.lines.startswith(start, at):
            return None
        end = self.lines.find(b"\n", at)
        return decode_entries(self.lines[at : end if end >= 0 else None])[0]

    def _position(self, key: bytes) -> int:
        """Where the first line that is not before `key` begins."""
        low, high = 0, len(self.lines)
        while low < high:
            start = max(low, self.lines.rfind(b"\n", low, (low + high) // 2) + 1)
            if self.lines[start : start + len(key)] < key:
                end = self.lines.find(b"\n", start, high)
                low = high if end < 0 else end + 1
            else:
                high = start
        return low


def _narrow(allowing: bytes) -> dict[Network, list[Part]]:
    """By the /64 around them, in address order."""
    found: dict[Network, list[Part]] = defaultdict(list)
    for row in rows(b"\n".join(_NARROW.findall(allowing))):
        part = IPv6Network((row.first, row.length))
        found[part.supernet(new_prefix=HOST_BITS_V6)].append((part, row.expires_at))
    return dict(found)


def _live(parts: Iterable[Part], now: float) -> Iterator[Network]:
    return (network for network, end in parts if end is None or end > now)
