"""Address entries as the policy store holds them: one short line for each, in address order, beside the book.

A list may have a million entries. Workers never read them, so they must not stand in the book that every worker reads
at each change; and the guard can go through the lines once, in order, without making an object for each.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import Final

from ringfence.policy.addresses import Network, parse_network
from ringfence.policy.book import AddressEntry, Target

_DIGITS: Final = {4: 8, 6: 32}
_LETTERS: Final = {Target.ALLOW: "a", Target.BLOCK: "b"}
TARGETS: Final = {letter: target for target, letter in _LETTERS.items()}
NEVER: Final = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the prefix as numbers; `expires_at` is Unix time in seconds."""

    version: int
    first: int
    length: int
    target: Target
    expires_at: float | None
    id: int
    description: str


def sort_key(network: Network) -> str:
    """A prefix as text of fixed width: texts sort as addresses do, and a range before what it contains.

    >>> from ipaddress import ip_network
    >>> sort_key(ip_network("192.0.2.0/24"))
    '4c0000200/024'
    """
    return f"{digits(network.version, int(network.network_address))}/{network.prefixlen:03}"


def digits(version: int, number: int) -> str:
    """The part of a sort key that stands for the address."""
    return f"{version}{number:0{_DIGITS[version]}x}"


def line(key: str, target: Target, expires_at: float | None, entry_id: int, description: str) -> str:
    """One line; the description may hold anything but a line end."""
    end = NEVER if expires_at is None else repr(float(expires_at))
    return f"{key} {_LETTERS[target]} {end} {entry_id} {description}"


def encode_entries(entries: Iterable[AddressEntry]) -> bytes:
    """The lines of some entries, in order. Raises ValueError if one is no prefix or holds a line end."""
    lines = sorted(
        line(sort_key(parse_network(entry.cidr)), entry.target, entry.expires_at, entry.id, entry.description)
        for entry in entries
    )
    if any("\n" in text for text in lines):
        raise ValueError("the description of an address entry holds a line end")
    return "\n".join(lines).encode()


def rows(raw: bytes) -> Iterator[Row]:
    """Every line as numbers, in address order. Raises ValueError or KeyError on a broken line."""
    for text in raw.decode().split("\n") if raw else ():
        key, letter, end, entry_id, description = text.split(" ", 4)
        number, _, length = key[1:].partition("/")
        expires_at = None if end == NEVER else float(end)
        yield Row(int(key[0]), int(number, 16), int(length), TARGETS[letter], expires_at, int(entry_id), description)


def decode_entries(raw: bytes) -> tuple[AddressEntry, ...]:
    """The entries, in address order. Raises ValueError or KeyError on a broken line."""
    return tuple(AddressEntry(row.id, _cidr(row), row.target, row.expires_at, row.description) for row in rows(raw))


def _cidr(row: Row) -> str:
    if row.version == 4:
        octets = row.first.to_bytes(4, "big")
        return f"{octets[0]}.{octets[1]}.{octets[2]}.{octets[3]}/{row.length}"
    return str(IPv6Network((row.first, row.length)))
