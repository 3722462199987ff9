"""The ports of the link between two hosts: only the other host comes to them, the rest is dropped before anybody's TLS
has work with it. Text for nftables.
"""

from typing import Final

from ringfence.hosts import ports

COUNTER: Final = "dropped_link"
_PRIORITY: Final = -295
_TCP: Final = f"{{ {', '.join(map(str, sorted((ports.LINK_TO_SBC, *ports.FAR_LINK))))} }}"


def lines(other: str) -> list[str]:
    """The lines of the table; none where one host has both ends."""
    if not other:
        return []
    family = "ip6" if ":" in other else "ip"
    return [
        f"  counter {COUNTER} {{ packets 0 bytes 0 }}",
        "  chain link_door {",
        f"    type filter hook prerouting priority {_PRIORITY}; policy accept;",
        "    iifname lo return",
        f"    {family} saddr {other} return",
        f"    tcp dport {_TCP} counter name {COUNTER} drop",
        f"    udp dport {ports.LINK_TO_CORE} counter name {COUNTER} drop",
        "  }",
    ]
