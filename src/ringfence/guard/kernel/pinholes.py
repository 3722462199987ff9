"""The media ports, open for whom signalling named (attack case 71): part of the table, and the ranges kept for them.

What comes from anywhere else to the range of each relay on this host is dropped, while
somebody looks after the list: `watched` holds the protocol for some seconds only. Without a guard, and where the kernel
hands the ranges out to other programs, nothing is dropped, so no call loses its audio (docs/adr/0026).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringfence.hosts import ports
from ringfence.hosts.ports import Service
from ringfence.policy.addresses import Network

WATCHED_SECONDS: Final = 15
RESERVED: Final = Path("/proc/sys/net/ipv4/ip_local_reserved_ports")
COUNTER: Final = "dropped_media"
MOST: Final = 65_536
LISTS: Final = ("media4", "media6", "media_ports")
PORTS: Final = "media_ports"
WATCHED: Final = "watched"
_PRIORITY: Final = -297
_NEED_NO_HOLE: Final = (
    "ip saddr @never4",
    "ip6 saddr @never6",
    "ip saddr @known4",
    "ip6 saddr & ffff:ffff:ffff:ffff:: @known6",
    "ip6 saddr @known4in6",
)
"""Members of the never-block set, which trunks belong to, and addresses with an accepted registration."""

_BEHIND_THE_FIRST: Final = ("ip frag-off & 0x1fff != 0", "meta nfproto ipv6 frag frag-off != 0")
"""Fragments without the header of UDP, of which the kernel reads four bytes of text as the ports."""

RANGES: Final = (ports.SBC_RTP, ports.RTP)


def ranges(*, core: bool, sbc: bool) -> tuple[Service, ...]:
    """Those of the relays that are on a host with these parts."""
    return tuple(kept for kept, here in ((ports.SBC_RTP, sbc), (ports.RTP, core)) if here)


@dataclass(frozen=True, slots=True)
class Holes:
    """Who may send media: these addresses to the whole range, anybody to these ports, where ICE proves who it is."""

    addresses: frozenset[Network] = frozenset()
    ports: frozenset[int] = frozenset()


def sets() -> list[str]:
    """The lines of the table that hold the list."""
    return [
        f"  counter {COUNTER} {{ packets 0 bytes 0 }}",
        "  set watched { type inet_proto; flags timeout; }",
        f"  set media4 {{ type ipv4_addr; size {MOST}; }}",
        f"  set media6 {{ type ipv6_addr; size {MOST}; }}",
        f"  set media_ports {{ type inet_service; size {MOST}; }}",
    ]


def chain(guarded: Iterable[Service]) -> list[str]:
    """The lines that ask it for these ranges.

    A fragment behind the first names no port and may belong to a long SIP message of somebody who is not known yet.
    """
    listed = ", ".join(kept.ports for kept in guarded)
    return [
        "  chain media_for_whom {",
        *(f"    {fragment} return" for fragment in _BEHIND_THE_FIRST),
        "    meta l4proto != @watched return",
        *(f"    {rule} return" for rule in _NEED_NO_HOLE),
        "    ip saddr @media4 return",
        "    ip6 saddr @media6 return",
        "    udp dport @media_ports return",
        f"    counter name {COUNTER} drop",
        "  }",
        "  chain media {",
        f"    type filter hook prerouting priority {_PRIORITY}; policy accept;",
        "    iifname lo return",
        f"    udp dport {{ {listed} }} goto media_for_whom",
        "  }",
    ]


def by_set(networks: Iterable[Network]) -> dict[str, list[Network]]:
    """Which addresses belong into which set."""
    found: dict[str, list[Network]] = {}
    for one in networks:
        found.setdefault(f"media{one.version}", []).append(one)
    return found


def reserve(path: Path = RESERVED) -> bool:
    """Whether the kernel keeps the ranges for media: what it hands to other programs would be dropped.

    Adds them to what is reserved already, if we may.
    """
    try:
        present = path.read_text().strip()
        missing = [kept.ports for kept in RANGES if not covers(present, kept)]
        if missing:
            path.write_text(",".join(part for part in (present, *missing) if part))
            present = path.read_text().strip()
    except OSError:
        return False
    return all(covers(present, kept) for kept in RANGES)


def covers(reserved: str, kept: Service) -> bool:
    """Whether a list as the kernel writes it holds the whole range.

    >>> covers("8887,45000-64999", ports.RTP), covers("45000-50000", ports.RTP), covers("", ports.RTP)
    (True, False, False)
    """
    for part in reserved.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and int(first) <= kept.first and kept.last <= int(last or first):
            return True
    return False
