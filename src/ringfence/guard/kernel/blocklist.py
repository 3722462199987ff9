"""The allow and block entries in the kernel: a table of their own, loaded beside the old one and swapped in at the end.

One hash set for each prefix length in use, the longest asked first: the kernel itself finds the longest prefix. Against
one interval set a million prefixes load six times as fast, no commit walks them all, and a look-up is a hash for each
length instead of twenty steps down a tree (docs/adr/0012).
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_network
from typing import Final

from ringfence.guard.kernel import netlink
from ringfence.guard.kernel.elements import additions, element, packer
from ringfence.guard.kernel.ruleset import LISTS_PRIORITY, MARK, outermost
from ringfence.policy.addresses import CARRYING, NAT64, Network
from ringfence.policy.book import Target
from ringfence.policy.offenders import entries
from ringfence.policy.offenders.entries import TARGETS
from ringfence.policy.offenders.entry_index import EntryIndex, parts

TABLE: Final = "inet ringfence_lists"
TABLE_NAME: Final = "ringfence_lists"
GET_SET: Final = 10
SET_NAME: Final = 2
_PACK: Final = {b"4": packer(4).pack, b"6": packer(16).pack}
_HEAD: Final = {b"4": element(bytes(4))[:-4], b"6": element(bytes(16))[:-16]}
EVERYTHING: Final = b"000"
HALF: Final = b"001"
"""nftables knows no mask of zero bits, so 0.0.0.0/0 is loaded as its halves."""

LONGEST_TIMEOUT: Final = 100 * 365 * 86_400
"""Seconds. The kernel refuses more than 584 years, and with one such element the whole load."""

_UPPER_HALF: Final = {b"4": b"\x80" + bytes(3), b"6": b"\x80" + bytes(15)}
NEVER: Final = entries.NEVER.encode()
_BITS: Final = {4: 32, 6: 128}
_FIELD: Final = {4: "ip saddr", 6: "ip6 saddr"}
_TYPE: Final = {4: "ipv4_addr", 6: "ipv6_addr"}
_KEY: Final = {4: "typeof @nh,160,32", 6: "type ipv6_addr"}
"""The IPv4 sets are asked with the source of an IPv4 packet and with what an IPv6 source carries in its last 32 bits.
nftables compares only what has one type, and the only type that both have is that of raw bytes.
"""

_ASKED: Final = {4: "meta nfproto ipv4 @nh,96,32", 6: "ip6 saddr"}
_CARRIED: Final = "@nh,160,32"
BLOCKED: Final = "dropped_blocked"
"""The kernel's counter of what the block entries dropped."""


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Entries that share a set: one family, one prefix length, one target."""

    version: int
    length: int
    target: Target

    def name(self, generation: str) -> str:
        return f"{self.target}{self.version}_{self.length}_{generation}"


@dataclass(slots=True)
class _Load:
    """One load on its way."""

    generation: str
    counts: dict[tuple[int, int], int]
    made: set[Group] = field(default_factory=set)


class BlockLists:
    """Replaces all entries as a whole; nothing edits them one by one."""

    def __init__(self, run: Callable[[str], None], socket: netlink.Netlink) -> None:
        self._run = run
        self._socket = socket

    def load(self, entries: EntryIndex, now: float) -> Iterator[None]:
        """Each step loads a part, in some 4 ms; after the last one the new entries are in force, the old ones gone.

        Raises OSError, ValueError or KeyError and leaves the old ones in force.
        """
        load = _Load(secrets.token_hex(4), entries.counts)
        self._run(f"add table {TABLE}")
        if not self._stale(load.generation):
            yield from self._allow_first(load, entries.allowing, now)
        for part in parts(entries.lines):
            self._add(load, part.split(b"\n"), now)
            yield
        self._run(_swapped(load))
        for name in self._stale(load.generation):
            self._run(f"delete set {TABLE} {name}")
            yield

    def _allow_first(self, load: _Load, lines: bytes, now: float) -> Iterator[None]:
        """After a reboot, or a flush by somebody else: nobody who is allowed waits for a million to block."""
        for part in parts(lines):
            self._add(load, part.split(b"\n"), now)
            yield
        self._run(_swapped(load))

    def _add(self, load: _Load, lines: list[bytes], now: float) -> None:
        grouped = _grouped(lines, now)
        fresh = sorted(grouped.keys() - load.made)
        if fresh:
            self._run("\n".join(_new_set(group, load) for group in fresh))
            load.made.update(fresh)
        messages = b"".join(
            additions(TABLE_NAME, group.name(load.generation), items) for group, items in grouped.items()
        )
        if messages:
            self._socket.tell(netlink.batch(messages))

    def _stale(self, generation: str) -> list[str]:
        """Sets of earlier loads, finished or not, of this process or another."""
        target = netlink.text(1, TABLE_NAME)
        request = netlink.netfilter_message(netlink.NF_TABLES, GET_SET, netlink.DUMP, netlink.INET, target)
        found = [dict(netlink.attributes(body[4:]))[SET_NAME] for _, body in self._socket.ask(request)]
        names = [name.rstrip(b"\0").decode() for name in found]
        return [name for name in names if "_" in name and not name.endswith(f"_{generation}")]


def _grouped(lines: list[bytes], now: float) -> dict[Group, list[bytes]]:
    """Raises ValueError or KeyError on a broken line; their form is that of `policy/offenders/entries.py`."""
    grouped: dict[tuple[bytes, bytes, bytes], list[bytes]] = {}
    for line in lines:
        key, letter, end, _ = line.split(b" ", 3)
        version, address, length = key[:1], bytes.fromhex(key[1:-4].decode()), key[-3:]
        if length == EVERYTHING:
            length = HALF
            grouped.setdefault((version, length, letter), []).append(_packed(version, _UPPER_HALF[version], end, now))
        grouped.setdefault((version, length, letter), []).append(_packed(version, address, end, now))
    return {
        Group(int(version), int(length), TARGETS[letter.decode()]): items
        for (version, length, letter), items in grouped.items()
    }


def _packed(version: bytes, address: bytes, end: bytes, now: float) -> bytes:
    """One element; nothing if its time is over."""
    if end == NEVER:
        return _PACK[version](_HEAD[version], address)
    seconds = min(float(end) - now, LONGEST_TIMEOUT)
    return element(address, max(1, round(seconds * 1000))) if seconds > 0 else b""


def _new_set(group: Group, load: _Load) -> str:
    """With its size told the kernel's table is made large enough at once."""
    size = _size(group, load)
    return f"add set {TABLE} {group.name(load.generation)} {{ {_KEY[group.version]}; size {size}; flags timeout; }}"


def _size(group: Group, load: _Load) -> int:
    halves = 2 * load.counts.get((group.version, 0), 0) if group.length == 1 else 0
    return load.counts.get((group.version, group.length), 0) + halves


def protected(never_block: tuple[Network, ...]) -> str:
    """Who is never blocked, whatever the entries say; replaced in one transaction, also while entries are loaded."""
    lines = [f"add table {TABLE}"]
    for version in (4, 6):
        name = f"never{version}"
        lines.append(f"add set {TABLE} {name} {{ type {_TYPE[version]}; flags interval; }}")
        lines.append(f"flush set {TABLE} {name}")
        members = outermost((*never_block, *map(_translated, never_block)), version)
        if members:
            lines.append(f"add element {TABLE} {name} {{ {', '.join(members)} }}")
    return "\n".join(lines)


def _swapped(load: _Load) -> str:
    """The new entries take over in one transaction. On a tie block wins, as in signaling."""
    ordered = sorted(load.made, key=lambda group: (-group.length, group.target is Target.ALLOW, group.version))
    carried = [_rule(group, _CARRIED, load.generation) for group in ordered if group.version == 4]
    rules = [
        "iifname lo return",
        *(f"{_FIELD[version]} @never{version} return" for version in (4, 6)),
        *(f"ip6 saddr {prefix} goto carried" for prefix in CARRYING),
        *(_rule(group, _ASKED[group.version], load.generation) for group in ordered),
    ]
    return "\n".join(
        [
            f"add counter {TABLE} {BLOCKED}",
            f"add chain {TABLE} carried",
            f"add chain {TABLE} entries {{ type filter hook prerouting priority {LISTS_PRIORITY}; policy accept; }}",
            f"flush chain {TABLE} entries",
            f"flush chain {TABLE} carried",
            *(f"add rule {TABLE} carried {rule}" for rule in carried),
            *(f"add rule {TABLE} entries {rule}" for rule in rules),
        ]
    )


def _rule(group: Group, field: str, generation: str) -> str:
    end = f"{MARK} return" if group.target is Target.ALLOW else f"counter name {BLOCKED} drop"
    return f"{field}{_mask(group)} @{group.name(generation)} {end}"


def _translated(member: Network) -> Network:
    """A member as peers behind NAT64 bear it; it is protected under that address too."""
    if member.version == 6:
        return member
    return ip_network((int(NAT64.network_address) | int(member.network_address), 96 + member.prefixlen))


def _mask(group: Group) -> str:
    bits = _BITS[group.version]
    if group.length == bits:
        return ""
    number = ((1 << group.length) - 1) << (bits - group.length)
    return f" & {number:#x}" if group.version == 4 else f" & {IPv6Address(number)}"
