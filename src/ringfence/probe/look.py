"""Looks at a host from here: scan first, then a closer look at what is open."""

import asyncio
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ringfence.hosts import ports
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.ports import Transport
from ringfence.probe import scan, sip, tls, web
from ringfence.probe.view import Tls, View, Web

MOST_CLOSER: Final = 40
"""Ports that are looked at closely; a host with more open ports has another problem."""

UDP: Final = (5060, 5066, 5080)


@dataclass(frozen=True, slots=True)
class Wish:
    """What to look at. `full` tries every TCP port; `domain` is the SIP domain whose accounts are tried."""

    host: str
    domain: str = ""
    full: bool = False


def look(wish: Wish, plan: Plan | None) -> View:
    """Raises OSError for a name without an address."""
    address = str(socket.getaddrinfo(wish.host, None)[0][4][0])
    wanted = scan.FULL if wish.full else tuple(dict.fromkeys((*_planned(plan, Transport.TCP), *scan.COMMON)))
    found = asyncio.run(scan.open_ports(address, wanted))
    closer = found[:MOST_CLOSER]
    secure = [one for one in (tls.look(address, port) for port in closer) if one is not None]
    plain = [port for port in closer if port not in {one.port for one in secure}]
    said = asyncio.run(scan.banners(address, plain))
    talking = {int(line.partition(":")[0]) for line in said}
    spoken = [sip.look(address, port, wish.domain or wish.host) for port in _sip_ports(plan)]
    heard = tuple(one for one in spoken if one is not None)
    return View(
        host=wish.host,
        address=address,
        source=_own_address(address),
        at=time.time(),
        scanned=len(wanted),
        tcp=found,
        udp=tuple(one.port for one in heard),
        banners=said,
        tls=tuple(secure),
        web=_web(address, secure, [port for port in plain if port not in talking]),
        sip=heard,
    )


def _planned(plan: Plan | None, transport: Transport) -> Iterable[int]:
    if plan is not None:
        for opening in plan.openings:
            if opening.transport is transport and opening.first == opening.last:
                yield opening.first


def _sip_ports(plan: Plan | None) -> tuple[int, ...]:
    return tuple(dict.fromkeys((*_planned(plan, Transport.UDP), *UDP)))


def _web(address: str, secure: list[Tls], plain: list[int]) -> tuple[Web, ...]:
    found = [web.look(address, one.port, secure=True) for one in secure]
    found += [web.look(address, port, secure=False) for port in plain]
    return tuple(one for one in found if one is not None)


def _own_address(target: str) -> str:
    """The address that the target sees, as far as this machine knows; nothing is sent for it."""
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as link:
        try:
            link.connect((target, ports.SIP_UDP.first))
            return str(link.getsockname()[0])
        except OSError:
            return ""
