"""This machine's place in the network: its own addresses, its gateways, its resolvers.

They are asked of the kernel at each start, never typed in, because the never-block set is made of them.
"""

import json
import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final

type Address = IPv4Address | IPv6Address

LOOPBACK: Final = IPv4Address("127.0.0.1")
RESOLV_CONF: Final = Path("/etc/resolv.conf")

TIME_FILES: Final = (
    Path("/etc/systemd/timesyncd.conf"),
    Path("/etc/chrony/chrony.conf"),
    Path("/etc/chrony.conf"),
    Path("/etc/ntpsec/ntp.conf"),
    Path("/etc/ntp.conf"),
)

_LINK_NAME: Final = re.compile(r"[A-Za-z0-9_.:@-]{1,15}")

type Resolve = Callable[[str], Iterable[Address]]


class NetworkUnreadable(Exception):
    """The kernel's answer about addresses or routes could not be had; the sentence says what to check."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is up, a VLAN for example, and what can be bound to on it."""

    name: str
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the network looks like from here. `primary` is the address phones are told to use; where a running part was
    told it, the machine may have lost it meanwhile."""

    primary: Address
    own: tuple[Address, ...]
    gateways: tuple[Address, ...]
    resolvers: tuple[Address, ...]
    time_servers: tuple[Address, ...] = ()
    links: tuple[str, ...] = ()
    bindable: tuple[Link, ...] = ()
    peers: tuple[Address, ...] = ()

    @property
    def has_primary(self) -> bool:
        """Whether the address that phones use is an address of this machine now."""
        return self.primary in self.own or self.primary.is_loopback

    def placed(self, place: str) -> tuple[Address, ...]:
        """What is bound to for the name of a link or an own address: one of each family, the one that is named, or
        IPv4, first; nothing if there is no such place.
        """
        named = parsed(place)
        for link in self.bindable:
            if link.name == place or named in link.addresses:
                ordered = sorted(link.addresses, key=lambda one: (one != named, one.version))
                first = ordered[0]
                return (first, *[one for one in ordered if one.version != first.version][:1])
        return ()


def surroundings(environment: Mapping[str, str] = os.environ) -> Surroundings:
    """Read the network as it is now. RINGFENCE_ADDRESS overrides the primary address, see `refuse_foreign`."""
    links = _ip("address", "show")
    own = own_addresses(links)
    routes = _ip("-4", "route", "show", "default") + _ip("-6", "route", "show", "default")
    return Surroundings(
        primary=primary_address(links, routes, environment.get("RINGFENCE_ADDRESS", "")),
        own=own,
        gateways=gateways(routes),
        resolvers=resolvers(RESOLV_CONF),
        links=outer_links(links),
        bindable=bindable(links),
    )


def outer_links(links: list[dict[str, Any]]) -> tuple[str, ...]:
    """The names of the links over which others reach us: up, and not loopback. Odd names are left out.

    >>> outer_links([{"ifname": "lo", "flags": ["UP", "LOOPBACK"]}, {"ifname": "eth0", "flags": ["UP"]}])
    ('eth0',)
    """
    up = [link for link in links if "UP" in link.get("flags", []) and "LOOPBACK" not in link.get("flags", [])]
    return tuple(name for link in up if _LINK_NAME.fullmatch(name := str(link.get("ifname", ""))))


def is_link_name(name: str) -> bool:
    """Whether a link can be called so; odd names, which nftables would have to quote, are left out.

    >>> is_link_name("eth0.42"), is_link_name('eth0" drop')
    (True, False)
    """
    return _LINK_NAME.fullmatch(name) is not None


def bindable(links: list[dict[str, Any]]) -> tuple[Link, ...]:
    """The outer links with their addresses; those of the link alone (fe80::) are left out, and so is a link without."""
    names = outer_links(links)
    found = [Link(str(link["ifname"]), own_addresses([link])) for link in links if link.get("ifname") in names]
    usable = [Link(one.name, tuple(a for a in one.addresses if not a.is_link_local)) for one in found]
    return tuple(one for one in usable if one.addresses)


def resolved(name: str) -> tuple[Address, ...]:
    """The addresses of a name, or the address itself; nothing if there is none."""
    try:
        answers = socket.getaddrinfo(name, None, proto=socket.IPPROTO_UDP)
    except OSError:
        return ()
    return tuple(dict.fromkeys(ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers))


def own_addresses(links: list[dict[str, Any]]) -> tuple[Address, ...]:
    """Every address of every link that is up, loopback included, in the kernel's order."""
    found = [
        ip_address(str(entry["local"]))
        for link in links
        if "UP" in link.get("flags", [])
        for entry in link.get("addr_info", [])
        if "local" in entry
    ]
    return tuple(dict.fromkeys(found))


def gateways(routes: list[dict[str, Any]]) -> tuple[Address, ...]:
    found = [ip_address(str(route["gateway"])) for route in routes if "gateway" in route]
    return tuple(dict.fromkeys(found))


def resolvers(resolv_conf: Path) -> tuple[Address, ...]:
    """The `nameserver` lines (resolv.conf(5)); a scope such as %eth0 is left out, anything unreadable is skipped."""
    if not resolv_conf.is_file():
        return ()
    found: list[Address] = []
    for line in resolv_conf.read_text(errors="replace").splitlines():
        words = line.split()
        if len(words) < 2 or words[0] != "nameserver":
            continue
        address = parsed(words[1].partition("%")[0])
        if address is not None:
            found.append(address)
    return tuple(dict.fromkeys(found))


def time_servers(files: Iterable[Path] = TIME_FILES, resolve: Resolve = resolved) -> tuple[Address, ...]:
    """The servers this machine takes its time from, names resolved (chrony.conf(5), ntp.conf(5), timesyncd.conf(5)).

    May wait for a name server; a name that cannot be resolved is left out.
    """
    words = [word for path in files if path.is_file() for word in _time_words(path.read_text(errors="replace"))]
    return tuple(dict.fromkeys(address for word in dict.fromkeys(words) for address in resolve(word)))


def _time_words(text: str) -> list[str]:
    found: list[str] = []
    for line in text.splitlines():
        words = line.replace("=", " ").split()
        if len(words) > 1 and words[0] in ("server", "pool", "peer"):
            found.append(words[1])
        elif len(words) > 1 and words[0] in ("NTP", "FallbackNTP"):
            found += words[1:]
    return found


def parsed(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def primary_address(links: list[dict[str, Any]], routes: list[dict[str, Any]], override: str) -> Address:
    """The address phones use: the override, be it ours or not, else the one the default route leaves from, else the
    first off loopback.

    IPv4 comes before IPv6. Without any (a machine or namespace with loopback only) it is 127.0.0.1.
    """
    own = own_addresses(links)
    if override:
        return _chosen(override)
    for route in routes:
        if "prefsrc" in route:
            return ip_address(str(route["prefsrc"]))
    devices = {route.get("dev") for route in routes}
    on_route = own_addresses([link for link in links if link.get("ifname") in devices])
    return _first_reachable(on_route) or _first_reachable(own) or LOOPBACK


def _first_reachable(addresses: tuple[Address, ...]) -> Address | None:
    reachable = [address for address in addresses if not address.is_loopback and not address.is_link_local]
    return min(reachable, key=lambda address: address.version, default=None)


def _chosen(override: str) -> Address:
    address = parsed(override)
    if address is None:
        raise NetworkUnreadable(f"RINGFENCE_ADDRESS is not an IP address: {override!r}")
    return address


def refuse_foreign(around: Surroundings) -> None:
    """Raises NetworkUnreadable if a start would listen on an address that is not ours. Parts that run already look
    around all the same: the machine has a gateway and other addresses that must never be blocked."""
    if not around.has_primary:
        raise NetworkUnreadable(
            f"RINGFENCE_ADDRESS {around.primary} is not an address of this machine (see: ip address)"
        )


def _ip(*words: str) -> list[dict[str, Any]]:
    try:
        answer = subprocess.run(["ip", "-json", *words], capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise NetworkUnreadable(f"cannot read the network with `ip {' '.join(words)}`: {error}") from error
    document: list[dict[str, Any]] = json.loads(answer.stdout or "[]")
    return document
