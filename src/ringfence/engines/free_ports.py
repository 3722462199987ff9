"""Whether the ports we are about to use are free: asked before the start, so that the answer can say what to do."""

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import Final

from ringfence.engines.supervision.children import BANS_OUT, CORE, FRONT_OUT, MEDIA, SBC, SBC_MEDIA, VOICE, WEB
from ringfence.engines.system import System
from ringfence.hosts import ports
from ringfence.hosts.addresses import LOOPBACK, Address
from ringfence.hosts.ports import Transport

EVERYWHERE: Final = IPv4Address("0.0.0.0")  # noqa: S104 asked about, not listened on

_FIXED: Final = (ports.WEB_PORTAL.first, ports.WEBRTC.first, ports.WSI.first)


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: Address
    port: int
    transport: Transport

    def __str__(self) -> str:
        return f"{self.address} port {self.port}/{self.transport}"


def endpoints(system: System, parts: frozenset[str]) -> tuple[Endpoint, ...]:
    """What the given parts will listen on; the media range is left out, rtpengine passes over taken ports."""
    wanted: list[Endpoint] = []
    if CORE in parts:
        for one in system.core_transports:
            wanted += [Endpoint(address, one.port, one.protocol.carrier) for address in system.heard_at(one)]
        wanted.append(Endpoint(LOOPBACK, ports.CORE_TO_VOICE, Transport.UDP))
    link = ip_address(system.sbc.link_here)
    if CORE in parts and system.sbc.has_link:
        wanted.append(Endpoint(link, ports.LINK_TO_CORE, Transport.TCP))
    if BANS_OUT in parts:
        wanted.append(Endpoint(link, ports.LINK_OF_BANS, Transport.TCP))
    if FRONT_OUT in parts:
        wanted.append(Endpoint(link, ports.LINK_OF_FRONT, Transport.TCP))
    if SBC in parts:
        wanted.append(Endpoint(link, ports.LINK_TO_SBC, Transport.TCP))
        for address in system.reached_addresses:
            wanted += [Endpoint(address, one.port, one.protocol.carrier) for one in system.sbc.transports]
    if SBC_MEDIA in parts:
        wanted.append(Endpoint(LOOPBACK, ports.SBC_RTPENGINE_CONTROL, Transport.UDP))
    if MEDIA in parts:
        wanted.append(Endpoint(LOOPBACK, ports.RTPENGINE_CONTROL, Transport.UDP))
    if VOICE in parts:
        wanted += [Endpoint(LOOPBACK, port, Transport.UDP) for port in (ports.VOICE_SIP, ports.VOICE_KEYS)]
    if WEB in parts:
        wanted += [web_endpoint(port) for port in _web_ports(system)]
        if system.sbc.far:
            wanted.append(Endpoint(link, ports.LINK_OF_PAGES, Transport.TCP))
    return tuple(wanted)


def _web_ports(system: System) -> tuple[int, ...]:
    """An SBC for a core elsewhere has the doors of those outside alone."""
    if system.sbc.core:
        return (ports.SBC_PORTAL.first, ports.WEBRTC.first, *system.web.ports)
    beside = (ports.SBC_PORTAL.first,) if system.sbc.enabled else ()
    return (*_FIXED, *system.web.ports_beside(system.sbc), *beside)


def web_endpoint(port: int) -> Endpoint:
    """nginx listens on every address, so a program on a single one is in its way too."""
    return Endpoint(EVERYWHERE, port, Transport.TCP)


def taken(wanted: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """Those that another program holds."""
    return tuple(endpoint for endpoint in wanted if _is_taken(endpoint))


def _is_taken(endpoint: Endpoint) -> bool:
    family = socket.AF_INET6 if endpoint.address.version == 6 else socket.AF_INET
    kind = socket.SOCK_STREAM if endpoint.transport is Transport.TCP else socket.SOCK_DGRAM
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((str(endpoint.address), endpoint.port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
