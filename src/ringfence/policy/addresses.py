"""Addresses and prefixes: parsing that teaches, one key per ban, and a table whose lookup does not grow with its
entries.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.sentence import Sentence

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

NAT64: Final = IPv6Network("64:ff9b::/96")
"""An IPv6 address here carries the IPv4 address of a translated peer in its last 32 bits (RFC 6052 section 2.1)."""

CARRYING: Final = (NAT64, IPv6Network("::ffff:0:0/96"))
"""Where the last 32 bits of a source are an IPv4 address: NAT64, and mapped ones (RFC 4291 section 2.5.5.2)."""

NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
"""The same for translators inside an organisation (RFC 8215)."""

HOST_BITS_V6: Final = 64
"""One IPv6 customer holds at least a /64 (RFC 6177), so a single address there proves nothing and bans nothing."""


WIDEST_TRUSTED: Final = {4: 8, 6: 16}
"""The shortest prefixes of allow entries: 10.0.0.0/8 is the widest network that one owner has (RFC 1918)."""

SHOWN: Final = 64
"""Characters of what was written that a refusal repeats: a line of a list may hold megabytes."""

NOBODYS: Final = tuple(map(IPv4Network, ("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")))
"""No host is there: this network (RFC 1122), groups (multicast) and what is reserved, with the broadcast address."""

UNIQUE_LOCAL: Final = IPv6Network("fc00::/7")
"""The counterpart of private IPv4 networks (RFC 4193); nobody comes from there over the Internet."""


class AddressProblem(ValueError):
    """Why an address is refused: the stable id of the rule and a sentence for people."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


def parse_address(text: str) -> Address:
    """One address; an IPv4 address inside an IPv6 one (mapped: RFC 4291, 2.5.5.2; NAT64: RFC 6052) becomes IPv4.

    Raises AddressProblem.

    >>> str(parse_address("::ffff:192.0.2.7")), str(parse_address("64:ff9b::192.0.2.7"))
    ('192.0.2.7', '192.0.2.7')
    """
    cleaned = text.strip().removeprefix("[").removesuffix("]")
    if "%" in cleaned:
        raise AddressProblem(
            "address.zone", f"{_shown(text)} names a network interface (%...): give the address alone."
        )
    try:
        address = ip_address(cleaned)
    except ValueError as error:
        raise _teach(cleaned) from error
    return carried(address)


def carried(address: Address) -> Address:
    """The IPv4 address that an IPv6 address only carries; any other address is itself.

    >>> str(carried(IPv6Address("64:ff9b:1:c000:2:700::"))), str(carried(IPv6Address("2001:db8::1")))
    ('192.0.2.7', '2001:db8::1')
    """
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return _locally_translated(address) if address in NAT64_LOCAL else address


def is_translated(text: str) -> bool:
    """Whether packets of this source are IPv6 although it counts as the IPv4 address inside: NAT64.

    >>> is_translated("64:ff9b::192.0.2.7"), is_translated("::ffff:192.0.2.7"), is_translated("2001:db8::1")
    (True, False, False)
    """
    address = ip_address(text)
    return isinstance(address, IPv6Address) and address.ipv4_mapped is None and carried(address) is not address


def _locally_translated(address: IPv6Address) -> IPv4Address:
    """RFC 6052 section 2.2: a /48 puts the address around the zero bits 64 to 71, a /96 at the end."""
    octets = address.packed
    if octets[8] == 0 and not any(octets[11:]):
        return IPv4Address(octets[6:8] + octets[9:11])
    return IPv4Address(octets[12:])


def parse_network(text: str, netmask: str = "") -> Network:
    """A prefix from `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, a bare address, or an address and a separate mask.

    The separate mask may be dotted or a length: `255.255.255.0`, `24` or `/24`. Host bits are cleared. Raises
    AddressProblem.

    >>> str(parse_network("192.0.2.77", "255.255.255.0")), str(parse_network("192.0.2.77", "/24"))
    ('192.0.2.0/24', '192.0.2.0/24')
    """
    base, slash, suffix = text.strip().partition("/")
    if slash and netmask:
        raise AddressProblem(
            "address.two_masks", f"{_shown(text)} already has a prefix length; leave the netmask {_shown(netmask)} out."
        )
    address = parse_address(base)
    separate = netmask.strip()
    mask = separate.removeprefix("/") or suffix
    if not (separate or mask):
        return ip_network(address)
    if slash and ":" in base and isinstance(address, IPv4Address) and "." not in mask:
        mask = _mapped_length(mask)
    length = _prefix_length(mask, address)
    return ip_network(f"{address}/{length}", strict=False)


def clearing_note(text: str, netmask: str, network: Network) -> str:
    """What the administrator should be told about a prefix that was written with host bits; "" if there were none.

    >>> clearing_note("192.0.2.77/24", "", parse_network("192.0.2.77/24"))
    '192.0.2.77 lies inside 192.0.2.0/24; the entry is for the whole range 192.0.2.0 to 192.0.2.255.'
    """
    address = parse_address(text.strip().partition("/")[0])
    if address == network.network_address:
        return ""
    return (
        f"{address} lies inside {network}; the entry is for the whole range "
        f"{network.network_address} to {network.broadcast_address}."
    )


def ban_network(address: Address) -> Network:
    """What a ban of this address covers: the IPv4 address itself, or the IPv6 /64 around it.

    >>> str(ban_network(parse_address("2001:db8::5")))
    '2001:db8::/64'
    """
    if isinstance(address, IPv4Address):
        return ip_network(address)
    return ip_network(f"{address}/{HOST_BITS_V6}", strict=False)


def ban_key(text: str) -> str:
    """The name under which a source is counted and banned. Raises AddressProblem.

    >>> ban_key("192.0.2.7"), ban_key("2001:db8::5")
    ('192.0.2.7', '2001:db8::/64')
    """
    network = ban_network(parse_address(text))
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def key_network(key: str) -> Network:
    """The prefix behind a ban key."""
    return ban_network(parse_address(key.partition("/")[0]))


def overlaps(one: Network, other: Network) -> bool:
    """Whether two prefixes share an address; different families never do."""
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return one.overlaps(other)
    if isinstance(one, IPv6Network) and isinstance(other, IPv6Network):
        return one.overlaps(other)
    return False


def is_too_wide_to_trust(network: Network) -> bool:
    """Whether an allow entry for this prefix would switch the anti-hacking checks off for strangers.

    >>> [is_too_wide_to_trust(ip_network(one)) for one in ("10.0.0.0/8", "0.0.0.0/1", "2000::/3", "fc00::/7")]
    [False, True, True, False]
    """
    return network.prefixlen < WIDEST_TRUSTED[network.version] and network != UNIQUE_LOCAL


def trusts_strangers(network: Network) -> Sentence:
    """Why such an allow entry is refused."""
    return (
        f"An entry to allow {network} would switch the anti-hacking checks off for strangers: allow at most a /8, or a "
        "/16 of IPv6. A protection that shall not act is switched off under Anti Hacking."
    )


def blocks_everybody(network: Network) -> Sentence:
    """Why a block of all addresses is refused."""
    return f"{network} is the whole network: nobody could reach this system any more."


def blocks_protected(network: Network, member: str, name: str) -> Sentence:
    """Why a block that covers a member of the never-block set is refused."""
    return f"{network} covers {member} ({name}), which must never be blocked."


def is_nobodys(address: Address) -> bool:
    """Whether no host can have this address.

    >>> [is_nobodys(parse_address(one)) for one in ("0.0.0.0", "255.255.255.255", "::", "ff02::1", "fe80::1")]
    [True, True, True, True, False]
    """
    if isinstance(address, IPv6Address):
        return address.is_multicast or address.is_unspecified
    return any(address in network for network in NOBODYS)


class AddressTable:
    """Allow and block entries, compiled once. The longest matching prefix decides; on a tie block wins."""

    def __init__(self, entries: Iterable[AddressEntry]) -> None:
        self._by_length: dict[int, dict[int, dict[int, tuple[AddressEntry, ...]]]] = {4: {}, 6: {}}
        for entry in entries:
            self._insert(entry)
        self._lengths = {version: tuple(sorted(levels, reverse=True)) for version, levels in self._by_length.items()}

    def _insert(self, entry: AddressEntry) -> None:
        network = parse_network(entry.cidr)
        level = self._by_length[network.version].setdefault(network.prefixlen, {})
        prefix = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        twins = (*level.get(prefix, ()), entry)
        level[prefix] = tuple(sorted(twins, key=lambda twin: (twin.target is Target.ALLOW, twin.id)))

    def lookup(self, address: Address, now: float) -> AddressEntry | None:
        """The entry that decides about this address; expired entries do not exist. `now` is Unix time in seconds."""
        levels = self._by_length[address.version]
        number = int(address)
        for length in self._lengths[address.version]:
            for entry in levels[length].get(number >> (address.max_prefixlen - length), ()):
                if is_live(entry, now):
                    return entry
        return None

    def allows(self, address: Address, now: float) -> bool:
        entry = self.lookup(address, now)
        return entry is not None and entry.target is Target.ALLOW


def is_live(entry: AddressEntry, now: float) -> bool:
    return entry.expires_at is None or entry.expires_at > now


def ties(entries: Iterable[AddressEntry]) -> tuple[tuple[AddressEntry, AddressEntry], ...]:
    """Pairs of entries that say the opposite about the same prefix; an administrator must decide."""
    seen: dict[str, AddressEntry] = {}
    found: list[tuple[AddressEntry, AddressEntry]] = []
    for entry in entries:
        other = seen.setdefault(str(parse_network(entry.cidr)), entry)
        if other.target is not entry.target:
            found.append((other, entry))
    return tuple(found)


def _mapped_length(mask: str) -> str:
    if mask.isascii() and mask.isdigit() and 96 <= int(mask) <= 128:
        return str(int(mask) - 96)
    raise AddressProblem(
        "address.length", f"/{mask[:SHOWN]}: an IPv4 address written as IPv6 needs a prefix length of 96 to 128."
    )


def _prefix_length(mask: str, address: Address) -> int:
    if "." in mask and isinstance(address, IPv4Address):
        return _dotted_length(mask)
    if mask.isascii() and mask.isdigit() and len(mask) <= 3 and int(mask) <= address.max_prefixlen:
        return int(mask)
    raise AddressProblem(
        "address.length",
        f"/{mask[:SHOWN]}: the prefix length of {address} is a number from 0 to {address.max_prefixlen}.",
    )


def _dotted_length(mask: str) -> int:
    try:
        bits = int(IPv4Address(mask))
    except ValueError as error:
        raise AddressProblem(
            "address.mask", f"{_shown(mask)} is not a netmask: write four numbers such as 255.255.255.0, or /24."
        ) from error
    length = bits.bit_count()
    if bits == ((1 << length) - 1) << (32 - length):
        return length
    raise AddressProblem(
        "address.mask_gap", f"The netmask {mask} has gaps: its ones must all be on the left, as in 255.255.255.0 (/24)."
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


def _teach(text: str) -> AddressProblem:
    parts = text.split(".")
    numeric = all(part.isascii() and part.isdigit() for part in parts)
    if ":" not in text and numeric and len(parts) > 1:
        return _teach_octets(text, parts)
    return AddressProblem(
        "address.syntax",
        f"{_shown(text)} is not an address: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/64, never a name.",
    )


def _teach_octets(text: str, parts: list[str]) -> AddressProblem:
    if len(parts) != 4:
        return AddressProblem("address.octets", _wrong_count(text, parts))
    zero_led = [part for part in parts if len(part) > 1 and part.startswith("0")]
    if zero_led:
        return AddressProblem(
            "address.leading_zero",
            f"{_shown(text)}: write {zero_led[0][:SHOWN]} without the leading zero; some programs read it as octal.",
        )
    large = next(part for part in parts if len(part) > 3 or int(part) > 255)
    return AddressProblem(
        "address.octet_range", f"{_shown(text)}: {large[:SHOWN]} is too large; each number is 0 to 255."
    )


def _wrong_count(text: str, parts: list[str]) -> str:
    """The reference's own example of a range, 103.224.182.210.0, has five numbers."""
    said = f"{_shown(text)} has {len(parts)} numbers; an IPv4 address has exactly four."
    if len(parts) < 4:
        return said
    base = ".".join([*parts[:3], "0"])[:SHOWN]
    return f"{said} For the range around it write {base} with the netmask 255.255.255.0, or {base}/24."
