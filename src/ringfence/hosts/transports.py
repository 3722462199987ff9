"""SIP transports as data: which protocols the core speaks on which ports (reference: "Change Default SIP Transport
Ports"). One file holds what is in force; engines, guard, firewall plan and portal read it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from ringfence.hosts import ports
from ringfence.hosts.addresses import is_link_name, parsed
from ringfence.hosts.jsonfile import replace_json
from ringfence.hosts.ports import Part, Transport

CHANGED_MEANWHILE: Final = "transport.changed_meanwhile"
"""Why a set is not put in force that was made from one which is no longer in force."""

LOWEST, HIGHEST = 1024, 65535
MOST: Final = 16
INSIDE: Final = {
    (Transport.UDP, ports.RTPENGINE_CONTROL): "the control of the media relay",
    (Transport.UDP, ports.SBC_RTPENGINE_CONTROL): "the control of the SBC's media relay",
    (Transport.UDP, ports.VOICE_SIP): "the voice process",
    (Transport.UDP, ports.CORE_TO_VOICE): "the SIP core, for the voice process",
    (Transport.UDP, ports.VOICE_KEYS): "the voice process",
    (Transport.UDP, ports.CAPTURE): "the copy of SIP for a collector",
    (Transport.TCP, ports.LINK_TO_SBC): "the link with the SBC",
    **{(Transport.TCP, port): "the link with the SBC" for port in ports.FAR_LINK},
}
"""Ports on loopback, where SIP is heard too, and of the link."""


class Protocol(StrEnum):
    """What is spoken, in the words of RFC 3261 and RFC 7118."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    WSS = "wss"

    @property
    def carrier(self) -> Transport:
        """What it runs over, as a firewall sees it."""
        return Transport.UDP if self is Protocol.UDP else Transport.TCP

    @property
    def is_secure(self) -> bool:
        return self in (Protocol.TLS, Protocol.WSS)


class ClientCertificates(StrEnum):
    """Whether phones show a certificate of their own, signed by an authority that is trusted for that.

    `optional`: one that is shown must be valid and name the extension. `required`: no connection without one.
    """

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class SipTransport:
    """One transport. `link` names the link or own address that it is on; "" is every address the system is usually
    reached under.
    """

    protocol: Protocol
    port: int
    clients: ClientCertificates = ClientCertificates.NONE
    link: str = ""

    @property
    def is_usual(self) -> bool:
        """Whether it is on every address that the system is usually reached under."""
        return not self.link

    @property
    def name(self) -> str:
        """How it is called on pages and over REST.

        >>> SipTransport(Protocol.TLS, 5061).name, SipTransport(Protocol.UDP, 5060, link="eth1").name
        ('tls-5061', 'udp-5060@eth1')
        """
        return f"{self.protocol}-{self.port}" + (f"@{self.link}" if self.link else "")


class TransportRefused(ValueError):
    """What is wrong with a set of transports: the rule, a sentence for people, and the field that is wrong."""

    def __init__(self, rule: str, message: str, field: str = "port") -> None:
        super().__init__(message)
        self.rule, self.field = rule, field


USUAL: Final = (
    SipTransport(Protocol.UDP, ports.SIP_UDP.first),
    SipTransport(Protocol.TCP, ports.SIP_TCP.first),
    SipTransport(Protocol.TLS, ports.SIP_TLS.first),
    SipTransport(Protocol.WSS, ports.SBC_SIP_WSS.first),
)
"""What a new system speaks: UDP and WSS as the reference says, TLS and TCP beside them on the ports of its table."""


def checked(wanted: Iterable[SipTransport]) -> tuple[SipTransport, ...]:
    """The transports, each once, in a steady order. Raises TransportRefused for a set that cannot be in force."""
    found = tuple(sorted(set(wanted), key=lambda one: (one.link, list(Protocol).index(one.protocol), one.port)))
    if not found:
        raise TransportRefused("transport.last", "This is the last transport; without one no phone could register.")
    if not any(one.is_usual for one in found):
        raise TransportRefused(
            "transport.last",
            "One transport stays on the usual addresses, which the system itself uses. Under Voice Network they can be "
            "moved to another link.",
        )
    if len(found) > MOST:
        raise TransportRefused("transport.too_many", f"At most {MOST} transports.")
    seen: dict[tuple[Transport, int, str], SipTransport] = {}
    for one in found:
        if not LOWEST <= one.port <= HIGHEST:
            raise TransportRefused("transport.port", f"A port is a number from {LOWEST} to {HIGHEST}, not {one.port}.")
        if one.clients is not ClientCertificates.NONE and one.protocol is not Protocol.TLS:
            raise TransportRefused("transport.clients", "Certificates of phones are asked for over TLS alone.")
        if owner := _reserved(one):
            raise TransportRefused("transport.taken", f"Port {one.port} is taken by {owner}.")
        if one.link and not is_place(one.link):
            raise TransportRefused("transport.link", f"{one.link[:50]!r} is no name of a link, nor an address.", "link")
        other = seen.setdefault((one.protocol.carrier, one.port, one.link), one)
        if other is not one:
            raise TransportRefused("transport.taken", f"{other.name} and {one.name} cannot share a port.")
    return found


def in_one_spelling(link: str) -> str:
    """The name of a link as it is; an address as this system writes it, however somebody else does.

    >>> in_one_spelling("2001:DB8:0::1"), in_one_spelling("eth1")
    ('2001:db8::1', 'eth1')
    """
    address = parsed(link)
    return str(address) if address else link


def is_place(text: str) -> bool:
    """Whether it can be the name of a link, or an address in its one spelling; whether there is one is not said.

    >>> is_place("eth0.42"), is_place("2001:db8::1"), is_place("2001:DB8::1"), is_place("a b"), is_place("..")
    (True, True, False, False, False)
    """
    address = parsed(text)
    return str(address) == text if address else is_link_name(text) and any(map(str.isalnum, text))


def _reserved(wanted: SipTransport) -> str:
    """Which other part of the product listens there; "" for a free port."""
    for service in ports.TABLE:
        ours = service.part is Part.CORE or (service is ports.SBC_SIP_WSS and wanted.is_usual)
        if not ours and service.transport is wanted.protocol.carrier and service.first <= wanted.port <= service.last:
            return service.description
    return INSIDE.get((wanted.protocol.carrier, wanted.port), "")


def read_transports(path: Path) -> tuple[SipTransport, ...]:
    """What is in force; the usual ones while nothing was chosen or the file cannot be read."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return checked(map(from_plain, stored))
    except (OSError, ValueError, TypeError, KeyError):
        return USUAL


def plain(one: SipTransport) -> dict[str, Any]:
    """A transport as JSON values."""
    shown = {"name": one.name, "protocol": str(one.protocol), "port": one.port, "clients": str(one.clients)}
    return {**shown, "link": one.link}


def from_plain(item: Mapping[str, Any]) -> SipTransport:
    """Raises ValueError, TypeError or KeyError. Files from before know no certificates of phones, and
    no links."""
    clients = ClientCertificates(item.get("clients", ClientCertificates.NONE))
    return SipTransport(Protocol(item["protocol"]), int(item["port"]), clients, str(item.get("link", "")))


def usual(transports: Iterable[SipTransport]) -> tuple[SipTransport, ...]:
    """Those on no link of their own."""
    return tuple(one for one in transports if one.is_usual)


def write_transports(path: Path, wanted: tuple[SipTransport, ...]) -> None:
    """Replaces the file in one step."""
    replace_json(path, [asdict(one) for one in wanted], 0o644)
