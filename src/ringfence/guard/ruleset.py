"""The nftables table `inet ringfence` as text: pure, every value typed before it gets here, so nothing can be injected.

Order of the chain: never-block members leave first (they may be shaped, never banned); then bans, block entries,
allow entries, and the rate meters on the SIP ports. RTP is never counted. We only ever drop: opening ports is the
business of the host's firewall.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ringfence.policy.addresses import Network, Span
from ringfence.policy.settings import SecuritySettings

TABLE: Final = "inet ringfence"
TABLE_NAME: Final = "ringfence"
BAN_SET_SIZE: Final = 262_144
METER_SIZE: Final = 65_535
METER_TIMEOUT: Final = 10
UNMETERED_RATE: Final = 2_000
"""Packets per second that all sources share for which a full meter has no room: a full meter must not mean no limit."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where SIP listens; only these are metered."""

    udp: tuple[int, ...]
    tcp: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """What the book and the host say about addresses, already reduced to disjoint spans."""

    never_block: tuple[Network, ...] = ()
    block: tuple[Span, ...] = ()
    allow: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class KernelBan:
    """One element of a ban set; `seconds` is what remains of it."""

    network: Network
    seconds: float


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything but the bans."""

    ports: Ports
    lists: Lists
    settings: SecuritySettings
    ban_set_size: int = BAN_SET_SIZE


def whole_table(shape: Shape, bans: Iterable[KernelBan]) -> str:
    """Replaces the table in one transaction: at no instant is there none."""
    return "\n".join(
        [
            f"add table {TABLE}",
            f"delete table {TABLE}",
            f"table {TABLE} {{",
            *_sets(shape.ban_set_size),
            *_chains(shape),
            "}",
            *_list_elements(shape.lists),
            *_ban_elements(list(bans)),
        ]
    )


def replaced_lists(lists: Lists) -> str:
    """Replaces the never-block, block and allow sets in one transaction; nothing else is touched."""
    names = [f"{name}{version}" for name in ("never", "block", "allow") for version in (4, 6)]
    return "\n".join([*(f"flush set {TABLE} {name}" for name in names), *_list_elements(lists)])


def replaced_meters(shape: Shape) -> str:
    """Replaces the rate rules in one transaction."""
    return "\n".join(
        [f"flush chain {TABLE} sip_rates", *(f"add rule {TABLE} sip_rates {rule}" for rule in _meter_rules(shape))]
    )


def renewed_ban(ban: KernelBan) -> str:
    """Adds a ban or renews its timeout. Kernels before 6.12 ignore a second add, hence add, delete, add."""
    target = f"{TABLE} {ban_set(ban.network)}"
    plain = f"{{ {_base(ban.network)} }}"
    return f"add element {target} {plain}\ndelete element {target} {plain}\nadd element {target} {{ {_timed(ban)} }}"


def removed_ban(network: Network) -> str:
    """Removes a ban, whether it is there or not."""
    target = f"{TABLE} {ban_set(network)} {{ {_base(network)} }}"
    return f"add element {target}\ndelete element {target}"


def ban_set(network: Network) -> str:
    return f"ban{network.version}"


def _sets(ban_set_size: int) -> list[str]:
    lines: list[str] = []
    for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        lines += [f"  set {name}{version} {{ type {kind}; flags interval; }}" for name in ("never", "block", "allow")]
        lines.append(f"  set ban{version} {{ type {kind}; size {ban_set_size}; flags timeout; counter; }}")
        meter = f"size {METER_SIZE}; flags dynamic,timeout; timeout {METER_TIMEOUT}s;"
        lines += [f"  set {name}{version} {{ type {kind}; {meter} }}" for name in ("seen", "rate")]
    return lines


def _chains(shape: Shape) -> list[str]:
    return [
        "  chain sip_rates {",
        *(f"    {rule}" for rule in _meter_rules(shape)),
        "  }",
        "  chain prerouting {",
        "    type filter hook prerouting priority raw; policy accept;",
        "    iifname lo return",
        "    ip saddr @never4 return",
        "    ip6 saddr @never6 return",
        "    ip saddr @ban4 counter drop",
        "    ip6 saddr & ffff:ffff:ffff:ffff:: @ban6 counter drop",
        "    ip saddr @block4 counter drop",
        "    ip6 saddr @block6 counter drop",
        "    ip saddr @allow4 return",
        "    ip6 saddr @allow6 return",
        *(f"    {protocol} dport {{ {_joined(ports)} }} jump sip_rates" for protocol, ports in _metered(shape.ports)),
        "  }",
    ]


def _metered(ports: Ports) -> list[tuple[str, tuple[int, ...]]]:
    return [(protocol, numbers) for protocol, numbers in (("udp", ports.udp), ("tcp", ports.tcp)) if numbers]


def _meter_rules(shape: Shape) -> list[str]:
    """A source over the rate loses the excess; one that does not fit into the full meter shares a common allowance.

    A look-up in a set with a limit evaluates that limit, so a second, plain set says who is in the meter.
    """
    rate = _metered_rate(shape.settings)
    if rate is None:
        return []
    rules: list[str] = []
    for version, field in ((4, "ip saddr"), (6, "ip6 saddr & ffff:ffff:ffff:ffff::")):
        family = f"meta nfproto ipv{version}"
        rules.append(f"{family} update @seen{version} {{ {field} }}")
        under = f"limit rate {rate}/second burst {rate} packets"
        rules.append(f"{family} update @rate{version} {{ {field} {under} }} return")
        rules.append(f"{field} @seen{version} counter drop")
    return [*rules, f"limit rate {UNMETERED_RATE}/second burst {UNMETERED_RATE} packets return", "counter drop"]


def _metered_rate(settings: SecuritySettings) -> int | None:
    if settings.level_1_enabled:
        return settings.level_1_packets
    return settings.level_2_packets if settings.level_2_enabled else None


def _list_elements(lists: Lists) -> list[str]:
    named: list[tuple[str, list[str]]] = []
    for version in (4, 6):
        members = sorted(
            {network for network in lists.never_block if network.version == version},
            key=lambda n: (n.network_address, n.prefixlen),
        )
        named.append((f"never{version}", [str(network) for network in _outermost(members)]))
        named.append((f"block{version}", [_span(span) for span in lists.block if span.first.version == version]))
        named.append((f"allow{version}", [_span(span) for span in lists.allow if span.first.version == version]))
    return [f"add element {TABLE} {name} {{ {', '.join(elements)} }}" for name, elements in named if elements]


def _outermost(networks: list[Network]) -> list[Network]:
    """An interval set refuses overlapping elements; of nested prefixes the outer one says it all."""
    kept: list[Network] = []
    for network in networks:
        if not kept or int(network.network_address) > int(kept[-1].broadcast_address):
            kept.append(network)
    return kept


def _ban_elements(bans: list[KernelBan]) -> list[str]:
    lines: list[str] = []
    for version in (4, 6):
        elements = [_timed(ban) for ban in bans if ban.network.version == version]
        if elements:
            lines.append(f"add element {TABLE} ban{version} {{ {', '.join(elements)} }}")
    return lines


def _timed(ban: KernelBan) -> str:
    return f"{_base(ban.network)} timeout {max(1, round(ban.seconds * 1000))}ms"


def _base(network: Network) -> str:
    return str(network.network_address)


def _span(span: Span) -> str:
    return str(span.first) if span.first == span.last else f"{span.first}-{span.last}"


def _joined(ports: tuple[int, ...]) -> str:
    return ", ".join(str(port) for port in ports)
