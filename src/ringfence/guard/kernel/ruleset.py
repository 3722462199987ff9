"""The nftables table `inet ringfence` as text: pure, every value typed before it gets here, so nothing can be injected.

Three chains hooked one after the other (docs/adr/0012): bans, then the long lists of `blocklist.py`, then the rates on
the SIP ports. Whom the lists allow bears a mark from one to the other and has no rate. In there: never-block members
leave first, shaped but never banned; then the rate of each source, then sources with an accepted registration are
through, and all others share one allowance. RTP is never counted but has a chain of its own (`pinholes.py`). We only
ever drop: opening ports is the business of the host's firewall.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringfence.guard.kernel import linkdoor, pinholes, voicelink
from ringfence.guard.kernel.shape import Level, Ports, Shape, Timed
from ringfence.guard.kernel.volume import BYTES_OF_A_PACKET, BYTES_OF_A_STRANGERS_PACKET, of_few_phones, over_bytes
from ringfence.policy.addresses import NAT64, NAT64_LOCAL, Network
from ringfence.policy.settings import SecuritySettings

TABLE: Final = "inet ringfence"
TABLE_NAME: Final = "ringfence"
DOORSTEP: Final = "doorstep"
BANS_PRIORITY: Final = -300
LISTS_PRIORITY: Final = -299
RATES_PRIORITY: Final = -298
ALLOWED_MARK: Final = 0x1000_0000
"""One bit of a packet's mark, for the way from the lists to the rates. Nobody else sees it: it is cleared before, so
that nobody brings it along, and behind.
"""

MARK: Final = f"meta mark set meta mark | {ALLOWED_MARK:#x}"
UNMARK: Final = f"meta mark set meta mark & {0xFFFF_FFFF ^ ALLOWED_MARK:#x}"
ALLOWED_SET: Final = "allowed"
KNOWN_SET_SIZE: Final = 65_536
METER_SIZE: Final = 65_535
METER_TIMEOUT: Final = 10
METERS: Final = (
    *("rate_1_", "rate_2_", "sbc_rate_1_", "sbc_rate_2_", "never_rate"),
    *("seen", "volume", "sbc_volume", "few", "sbc_few"),
)
CONNECTING: Final = "connecting"
CONNECTION_SECONDS: Final = 30
"""Kamailio closes a silent connection sooner (`tcp_msg_data_timeout`, `tcp_msg_read_timeout` in its configuration)."""

_CONNECTING_TIMEOUT: Final = 2 * CONNECTION_SECONDS
OVER_SIZE: Final = 1_024
"""Sources over a level that the guard is told of at a time; the excess of the others is dropped all the same."""

OVER_TIMEOUT: Final = 2
SHARED_RATE: Final = 2_000
"""Packets per second for sources that no full meter has room for, while unknown sources are not limited: a full meter
must not mean no limit.
"""


def whole_table(shape: Shape, bans: Iterable[Timed], known: Iterable[Timed] = ()) -> str:
    """Replaces the table in one transaction: at no instant is there none."""
    sources = list(known)
    return "\n".join(
        [
            f"add table {TABLE}",
            f"delete table {TABLE}",
            f"table {TABLE} {{",
            *_sets(shape.ban_set_size),
            *pinholes.sets(),
            *_chains(shape),
            *pinholes.chain(pinholes.ranges(core=shape.ports.are_of_core, sbc=shape.ports.are_of_sbc)),
            *voicelink.lines(shape.ports.voice),
            *linkdoor.lines(shape.ports.link_from),
            "}",
            *_elements("never", shape.never_block),
            *_elements(ALLOWED_SET, shape.allowed),
            *_timed_elements("ban", list(bans)),
            *_timed_elements("known", sources),
            *_timed_elements("many", [source for source in sources if source.many]),
        ]
    )


def doorstep(links: Iterable[str]) -> str:
    """Drops banned sources as their packets come off these links, before the kernel has looked for a route: half the
    price. `prerouting` asks again, and sees what comes over a link that is not named here.
    """
    names = ", ".join(f'"{link}"' for link in links)
    return "\n".join(
        [
            f"table {TABLE} {{",
            f"  chain {DOORSTEP} {{",
            f"    type filter hook ingress devices = {{ {names} }} priority {BANS_PRIORITY}; policy accept;",
            *(f"    {rule}" for rule in _ban_rules()),
            "  }",
            "}",
        ]
    )


def without_doorstep() -> str:
    """Takes that chain away, to make it anew for other links."""
    return f"flush chain {TABLE} {DOORSTEP}\ndelete chain {TABLE} {DOORSTEP}"


def replaced_members(members: tuple[Network, ...]) -> str:
    """Replaces the never-block sets in one transaction."""
    return "\n".join([*(f"flush set {TABLE} never{version}" for version in (4, 6)), *_elements("never", members)])


def replaced_allowed(networks: tuple[Network, ...]) -> str:
    """Replaces whom a ban of their /64 spares, in one transaction."""
    return "\n".join([f"flush set {TABLE} {ALLOWED_SET}6", *_elements(ALLOWED_SET, networks)])


def replaced_rates(shape: Shape) -> str:
    """Replaces the rate rules and their meters in one transaction: a meter keeps the rate it was made with."""
    meters = [f"{name}{version}" for name in (*METERS, CONNECTING) for version in (4, 6)]
    chains = _rate_chains(shape.settings)
    return "\n".join(
        [
            *(f"flush chain {TABLE} {name}" for name in chains),
            *(f"flush set {TABLE} {name}" for name in meters),
            *(f"add rule {TABLE} {name} {rule}" for name, rules in chains.items() for rule in rules),
        ]
    )


class Dropped(StrEnum):
    """The kernel's counters of what it dropped, by reason; they begin anew with the table."""

    BANNED = "dropped_banned"
    LEVEL_1 = "dropped_level_1"
    LEVEL_2 = "dropped_level_2"
    UNKNOWN = "dropped_unknown"
    CONNECTIONS = "dropped_connections"

    @property
    def and_drop(self) -> str:
        return f"counter name {self} drop"


_BEYOND: Final = {Level.ONE: Dropped.LEVEL_1, Level.TWO: Dropped.LEVEL_2}


def over_set(level: Level, version: int) -> str:
    """The set of sources that exceeded a level during the last seconds."""
    return f"over_{level}_{version}"


def _sets(ban_set_size: int) -> list[str]:
    lines = [f"  counter {name} {{ packets 0 bytes 0 }}" for name in Dropped]
    meter = f"size {METER_SIZE}; flags dynamic,timeout; timeout {METER_TIMEOUT}s;"
    connecting = f"size {METER_SIZE}; flags dynamic,timeout; timeout {_CONNECTING_TIMEOUT}s;"
    over = f"size {OVER_SIZE}; flags dynamic,timeout; timeout {OVER_TIMEOUT}s;"
    for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        lines.append(f"  set never{version} {{ type {kind}; flags interval; }}")
        for name in (str(version), "4in6") if version == 6 else (str(version),):
            lines.append(f"  set ban{name} {{ type {kind}; size {ban_set_size}; flags timeout; }}")
            for sources in ("known", "many"):
                lines.append(f"  set {sources}{name} {{ type {kind}; size {KNOWN_SET_SIZE}; flags timeout; }}")
        lines += [f"  set {name}{version} {{ type {kind}; {meter} }}" for name in METERS]
        lines.append(f"  set {CONNECTING}{version} {{ type {kind}; {connecting} }}")
        lines += [f"  set {over_set(level, version)} {{ type {kind}; {over} }}" for level in Level]
    lines.append(f"  set {ALLOWED_SET}6 {{ type ipv6_addr; flags interval; }}")
    return lines


def _chains(shape: Shape) -> list[str]:
    plain = [(f"over_{level}", _over_rules(level, _SOURCES)) for level in Level]
    plain += [(f"over_{level}_translated", _over_rules(level, _TRANSLATED)) for level in Level]
    plain += _rate_chains(shape.settings).items()
    lines: list[str] = []
    for name, rules in plain:
        lines += [f"  chain {name} {{", *(f"    {rule}" for rule in rules), "  }"]
    return [
        *lines,
        "  chain prerouting {",
        f"    type filter hook prerouting priority {BANS_PRIORITY}; policy accept;",
        "    iifname lo return",
        f"    {UNMARK}",
        *_each_version("    {source} @never{version} return"),
        *(f"    {rule}" for rule in _ban_rules()),
        "  }",
        "  chain rates {",
        f"    type filter hook prerouting priority {RATES_PRIORITY}; policy accept;",
        "    iifname lo return",
        f"    meta mark & {ALLOWED_MARK:#x} != 0 {UNMARK} return",
        *(
            f"    {protocol} dport {{ {_joined(ports)} }} goto {door}"
            for protocol, ports, door in _metered(shape.ports)
        ),
        "  }",
        *_door("sip", ""),
        *_door("sbc", "sbc_"),
    ]


def _door(name: str, own: str) -> list[str]:
    """Members of the never-block set, and then the rates of this door."""
    return [
        f"  chain {name} {{",
        *_each_version("    {source} @never{version} goto never_rates"),
        f"    ip6 saddr {{ {NAT64}, {NAT64_LOCAL} }} goto {own}translated_rates",
        f"    goto {own}sip_rates",
        "  }",
    ]


@dataclass(frozen=True, slots=True)
class _Source:
    """How the source of a packet is read: family, address, what of it one customer holds, and the set of known ones."""

    version: int
    source: str
    key: str
    carried: str = ""

    def fill(self, rule: str) -> str:
        named = f"{self.carried or self.version}"
        known, many = f"known{named}", f"many{named}"
        return rule.format(version=self.version, source=self.source, key=self.key, known=known, many=many)


_SOURCES: Final = (
    _Source(4, "ip saddr", "ip saddr"),
    _Source(6, "ip6 saddr", "ip6 saddr & ffff:ffff:ffff:ffff::"),
)
_TRANSLATED: Final = (_Source(6, "ip6 saddr", "ip6 saddr", "4in6"),)
"""Peers behind NAT64 share one /64; each of them is the IPv4 address it carries."""


def _each_version(rule: str, sources: tuple[_Source, ...] = _SOURCES) -> list[str]:
    return [source.fill(rule) for source in sources]


def _ban_rules() -> list[str]:
    """A part of a /64 that an allow entry names is not banned with the rest."""
    four, six = _each_version("{key} @ban{version} " + Dropped.BANNED.and_drop)
    return [four, f"ip6 saddr @{ALLOWED_SET}6 return", six, f"ip6 saddr @ban4in6 {Dropped.BANNED.and_drop}"]


def _metered(ports: Ports) -> list[tuple[str, tuple[int, ...], str]]:
    doors = (
        ("udp", ports.sbc_udp, "sbc"),
        ("tcp", ports.sbc_tcp, "sbc"),
        ("udp", ports.udp, "sip"),
        ("tcp", ports.tcp, "sip"),
    )
    return [door for door in doors if door[1]]


def _rate_chains(settings: SecuritySettings) -> dict[str, list[str]]:
    return {
        "never_rates": _never_rules(settings),
        "sip_rates": _rate_rules(settings, _SOURCES, ""),
        "translated_rates": _rate_rules(settings, _TRANSLATED, "_translated"),
        "sbc_sip_rates": _rate_rules(settings, _SOURCES, "", "sbc_"),
        "sbc_translated_rates": _rate_rules(settings, _TRANSLATED, "_translated", "sbc_"),
    }


def _rate_rules(settings: SecuritySettings, sources: tuple[_Source, ...], suffix: str, door: str = "") -> list[str]:
    """Level 2 counts first, what the source really sends. A full meter matches nobody: such packets go on to the
    allowance they share. A look-up in a meter would count once more, so a plain set says who found room.
    """
    rules: list[str] = []
    for level, packets in reversed(sbc_levels(settings) if door else levels(settings)):
        rules += _meter(f"{door}rate_{level}_", packets, f"over_{level}{suffix}", sources)
        if level is Level.ONE:
            rules += _volume(door, packets, sources)
    if settings.unknown_connections_enabled:
        rules += _connections(settings.unknown_connections, sources)
    if settings.unknown_sources_enabled:
        rules += _each_version("{key} @{known} return", sources)
        return [*rules, *_shared(settings.unknown_sources_packets)]
    if not levels(settings):
        return []
    rules += _each_version("meta nfproto ipv{version} update @seen{version} {{ {key} }} return", sources)
    return [*rules, *_shared(SHARED_RATE)]


def _connections(most: int, sources: tuple[_Source, ...]) -> list[str]:
    """Half of them may be opened at once, the other half in the time after which a silent one is closed: never are more
    than `most` open. The address of a handshake may be forged, hence the excess is only dropped.
    """
    limit = f"limit rate over {most * 60 // (2 * CONNECTION_SECONDS)}/minute burst {most // 2} packets"
    opening = "tcp flags & (fin | syn | rst | ack) == syn"
    rule = f"{opening} {{key}} != @{{known}} update @{CONNECTING}{{version}} {{{{ {{key}} {limit} }}}} "
    return _each_version("meta nfproto ipv{version} " + rule + Dropped.CONNECTIONS.and_drop, sources)


def _shared(packets: int) -> list[str]:
    """UDP and TCP each have their allowance: a forged source can only spend that of UDP for long."""
    limit = f"limit rate {packets}/second burst {packets} packets return"
    within = [f"meta l4proto {protocol} {limit}" for protocol in ("udp", "tcp")]
    over = over_bytes(packets * BYTES_OF_A_STRANGERS_PACKET)
    return [f"meta l4proto tcp {over} {Dropped.UNKNOWN.and_drop}", *within, Dropped.UNKNOWN.and_drop]


def levels(settings: SecuritySettings) -> list[tuple[Level, int]]:
    """The levels that are switched on, the lower first, with their packets per second."""
    both = (
        (Level.ONE, settings.level_1_enabled, settings.level_1_packets),
        (Level.TWO, settings.level_2_enabled, settings.level_2_packets),
    )
    return [(level, packets) for level, enabled, packets in both if enabled]


def sbc_levels(settings: SecuritySettings) -> list[tuple[Level, int]]:
    """The same at the SBC's ports, which have their own rates."""
    own = {Level.ONE: settings.sbc_level_1_packets, Level.TWO: settings.sbc_level_2_packets}
    return [(level, own[level]) for level, _ in levels(settings)]


def _never_rules(settings: SecuritySettings) -> list[str]:
    """Members of the never-block set may use the highest rate there is; who exceeds it is reported, not banned."""
    for level, packets in reversed(levels(settings)):
        return _meter("never_rate", packets, f"over_{level}", _SOURCES)
    return []


def _meter(name: str, packets: int, over: str, sources: tuple[_Source, ...]) -> list[str]:
    limit = f"limit rate over {packets}/second burst {packets} packets"
    rule = f"meta nfproto ipv{{version}} update @{name}{{version}} {{{{ {{key}} {limit} }}}} goto {over}"
    return _each_version(rule, sources)


def _volume(door: str, packets: int, sources: tuple[_Source, ...]) -> list[str]:
    """What a source may send over TCP while it stays within level 1. Its excess is only dropped: that is how streams
    learn to be slower, and many phones behind one address do nothing wrong.
    """
    less = f"{{{{ {{key}} {over_bytes(of_few_phones(packets), 2)} }}}}"
    held = f"{{{{ {{key}} {over_bytes(packets * BYTES_OF_A_PACKET)} }}}}"
    stream = "meta nfproto ipv{version} meta l4proto tcp "
    drop = Dropped.LEVEL_1.and_drop
    return [
        *_each_version(f"{stream}{{key}} != @{{many}} update @{door}few{{version}} {less} {drop}", sources),
        *_each_version(f"{stream}update @{door}volume{{version}} {held} {drop}", sources),
    ]


def _over_rules(level: Level, sources: tuple[_Source, ...]) -> list[str]:
    """A full set ends a rule, so the drop stands in one of its own."""
    noted = f"meta nfproto ipv{{version}} update @over_{level}_{{version}} {{{{ {{key}} counter }}}}"
    return [*_each_version(noted, sources), _BEYOND[level].and_drop]


def _elements(name: str, networks: tuple[Network, ...]) -> list[str]:
    """Those of an interval set."""
    found = [(version, outermost(networks, version)) for version in (4, 6)]
    return [f"add element {TABLE} {name}{version} {{ {', '.join(kept)} }}" for version, kept in found if kept]


def outermost(networks: Iterable[Network], version: int) -> list[str]:
    """Prefixes of one family as text. An interval set refuses overlaps; of nested prefixes the outer one is kept."""
    members = {network for network in networks if network.version == version}
    kept: list[Network] = []
    for network in sorted(members, key=lambda n: (int(n.network_address), n.prefixlen)):
        if not kept or int(network.network_address) > int(kept[-1].broadcast_address):
            kept.append(network)
    return [str(network) for network in kept]


def _timed_elements(name: str, sources: list[Timed]) -> list[str]:
    elements: dict[str, list[str]] = {}
    for source in sources:
        for place, key in _places(name, source.network):
            elements.setdefault(place, []).append(f"{key} {_timeout(source)}")
    return [f"add element {TABLE} {place} {{ {', '.join(found)} }}" for place, found in elements.items()]


def _places(name: str, network: Network) -> list[tuple[str, str]]:
    """Where a source stands. An IPv4 address may also arrive inside an IPv6 one (NAT64, RFC 6052)."""
    base = str(network.network_address)
    if network.version == 6:
        return [(f"{name}6", base)]
    return [(f"{name}4", base), (f"{name}4in6", f"{NAT64.network_address}{base}")]


def _timeout(element: Timed) -> str:
    return f"timeout {max(1, round(element.seconds * 1000))}ms"


def _joined(ports: tuple[int, ...]) -> str:
    return ", ".join(str(port) for port in ports)
