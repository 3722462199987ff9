"""The plan as an nftables table of our own: default drop where no other firewall is at work.

An accept in one table cannot override a drop in another one, and a drop here is final: this table is only for hosts
without firewalld or ufw. Others' tables stay untouched.
"""

import json
from typing import Final

from ringfence.hosts.firewall.plan import Opening, Plan

TABLE: Final = "ringfence_host"

_OWN: Final = "ringfence"

_HEAD: Final = """\
# Ringfence {version}: generated from the firewall plan. Apply with `ringfence firewall apply`.
table inet {table}
delete table inet {table}
table inet {table} {{
    chain input {{
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        ct state invalid drop
        iif "lo" accept
        meta l4proto ipv6-icmp accept comment "neighbour discovery and path MTU (RFC 4890)"
        icmp type {{ echo-request, destination-unreachable, time-exceeded, parameter-problem }} accept
        udp sport 67 udp dport 68 accept comment "DHCP"
        ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment "DHCPv6"
"""


def render(plan: Plan, version: str) -> str:
    """A whole script for `nft -f`: it replaces our table and nothing else, in one transaction."""
    lines = [line for opening in plan.openings for line in _rules(opening)]
    lines += [f"# {quoted(limit.text)[1:-1]}" for limit in plan.limits]
    body = "".join(f"        {line}\n" for line in lines)
    return _HEAD.format(version=version, table=TABLE) + body + "    }\n}\n"


def closing_tables(listing: str) -> tuple[str, ...]:
    """Tables of others with a chain that drops whatever comes in and no rule takes, from `nft --json list chains`.

    Raises ValueError.
    """
    chains = (item["chain"] for item in json.loads(listing)["nftables"] if "chain" in item)
    closing = (one for one in chains if one.get("hook") == "input" and one.get("policy") == "drop")
    return tuple(sorted({f"{one['family']} {one['table']}" for one in closing if not one["table"].startswith(_OWN)}))


def _rules(opening: Opening) -> list[str]:
    match = f"{opening.transport} dport {opening.ports} accept comment {quoted(opening.key)}"
    if opening.is_wide:
        return [match]
    found = []
    for version in opening.versions():
        word = "ip6" if version == 6 else "ip"
        sources = opening.sources_of(version) if opening.sources else ()
        sides = (("saddr", sources), ("daddr", opening.destinations_of(version)))
        found.append("".join(f"{word} {side} {{ {', '.join(named)} }} " for side, named in sides if named) + match)
    return found


def quoted(text: str) -> str:
    """A string for nft, which knows no escapes: what could end it is left out; 128 characters at most."""
    return '"' + "".join(char for char in text if char.isprintable() and char not in '"\\')[:120] + '"'
