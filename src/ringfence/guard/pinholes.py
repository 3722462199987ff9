"""The media ports, open for whom signalling named (attack case 71): part of the table, and the range kept for them.

What comes from anywhere else to the range of the relay is dropped while somebody looks after the list: `watched` holds
the protocol for some seconds only. Without a guard, after a new table, and where the kernel hands the range out to
other programs, nothing is dropped, so no call loses its audio (docs/adr/0026).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringfence.hosts import ports
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

_RANGE: Final = f"{ports.RTP.first}-{ports.RTP.last}"


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


def chain() -> list[str]:
    """The lines that ask it."""
    return [
        "  chain media {",
        f"    type filter hook prerouting priority {_PRIORITY}; policy accept;",
        "    iifname lo return",
        f"    udp dport != {_RANGE} return",
        "    meta l4proto != udp return",
        "    meta l4proto != @watched return",
        *(f"    {rule} return" for rule in _NEED_NO_HOLE),
        "    ip saddr @media4 return",
        "    ip6 saddr @media6 return",
        "    udp dport @media_ports return",
        f"    counter name {COUNTER} drop",
        "  }",
    ]


def by_set(networks: Iterable[Network]) -> dict[str, list[Network]]:
    """Which addresses belong into which set."""
    found: dict[str, list[Network]] = {}
    for one in networks:
        found.setdefault(f"media{one.version}", []).append(one)
    return found


def reserve(path: Path = RESERVED) -> bool:
    """Whether the kernel keeps the range for media: what it hands to other programs would be dropped.

    Adds the range to what is reserved already, if we may.
    """
    try:
        present = path.read_text().strip()
        if not covers(present):
            path.write_text(",".join(part for part in (present, _RANGE) if part))
            present = path.read_text().strip()
    except OSError:
        return False
    return covers(present)


def covers(reserved: str) -> bool:
    """Whether a list as the kernel writes it holds the whole range.

    >>> covers("8887,45000-64999"), covers("45000-50000"), covers("")
    (True, False, False)
    """
    for part in reserved.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and int(first) <= ports.RTP.first and ports.RTP.last <= int(last or first):
            return True
    return False
