"""What was seen, as plain values, and what of it is not as it should be."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.ports import Transport

OLD_TLS: Final = ("TLSv1", "TLSv1.1")
EXPIRES_SOON: Final = 21


@dataclass(frozen=True, slots=True)
class Tls:
    """One port that speaks TLS: the versions it takes, and its certificate, with whole days."""

    port: int
    versions: tuple[str, ...]
    cipher: str = ""
    self_signed: bool = False
    days_left: int | None = None
    names: tuple[str, ...] = ()
    lifetime_days: int = 365


@dataclass(frozen=True, slots=True)
class Web:
    """One port that speaks HTTP: what its front page answers. `foreign_socket`: a page of another site may open a
    WebSocket there."""

    port: int
    secure: bool
    status: int
    location: str = ""
    server: str = ""
    listing: bool = False
    foreign_socket: bool = False


@dataclass(frozen=True, slots=True)
class Sip:
    """One SIP port: what it calls itself, and whether a known account is answered otherwise than an unknown one."""

    protocol: str
    port: int
    status: int
    agent: str = ""
    told_apart: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Everything. `address` is what the name stands for, `source` where it was looked at from; `scanned` counts the TCP
    ports that were tried. Unix time.
    """

    host: str
    address: str
    source: str
    at: float
    scanned: int
    tcp: tuple[int, ...]
    udp: tuple[int, ...] = ()
    banners: tuple[str, ...] = ()
    tls: tuple[Tls, ...] = ()
    web: tuple[Web, ...] = ()
    sip: tuple[Sip, ...] = ()


def differences(view: View, plan: Plan) -> Iterator[str]:
    """Where the view and the plan disagree. What is open to some networks may be closed to this observer; what is open
    at another address of the host is not open at this one."""
    plan = plan.at(view.address)
    for port in view.tcp:
        if plan.covers(Transport.TCP, port) is None:
            yield f"{port}/tcp is open, and the plan does not open it."
    for port in view.udp:
        if plan.covers(Transport.UDP, port) is None:
            yield f"{port}/udp answers, and the plan does not open it."
    for opening in plan.openings:
        single = opening.first == opening.last and opening.everybody
        if single and opening.transport is Transport.TCP and opening.first not in view.tcp:
            yield f"{opening.ports}/tcp is open by plan ({opening.reason}), and nothing answers."


def weaknesses(view: View) -> Iterator[str]:
    """What helps an attacker whatever the plan says."""
    for one in view.tls:
        yield from _weak_tls(one)
    for web in view.web:
        yield from _weak_web(web)
    for sip in view.sip:
        yield from _weak_sip(sip)


def _weak_tls(one: Tls) -> Iterator[str]:
    for version in one.versions:
        if version in OLD_TLS:
            yield f"Port {one.port} speaks {version}."
    if one.self_signed:
        yield f"Port {one.port} shows a self-signed certificate."
    if one.days_left is not None and one.days_left < min(EXPIRES_SOON + 1, one.lifetime_days / 3):
        yield f"The certificate on port {one.port} ends in {one.days_left} days."


def _weak_web(web: Web) -> Iterator[str]:
    if not web.secure and not web.location:
        yield f"Port {web.port} speaks HTTP in clear text."
    if web.location:
        yield f"Port {web.port} redirects to {web.location}."
    if any(char.isdigit() for char in web.server):
        yield f"Port {web.port} names its software: {web.server}."
    if web.listing:
        yield f"Port {web.port} lists a directory."
    if web.foreign_socket:
        yield f"Port {web.port} opens a WebSocket for the page of any site."


def _weak_sip(sip: Sip) -> Iterator[str]:
    if any(char.isdigit() for char in sip.agent):
        yield f"SIP on {sip.protocol.upper()} {sip.port} names its software: {sip.agent}."
    if sip.told_apart:
        yield f"SIP on {sip.protocol.upper()} {sip.port} tells accounts apart: {sip.told_apart}."
