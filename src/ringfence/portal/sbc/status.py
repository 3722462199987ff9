"""How the SBC stands, as page and REST tell it. It is switched on and off on the server, by root: `ringfence sbc`."""

from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Final

from ringfence.engines.edge.sbcfront import asked_of_clients
from ringfence.engines.listeners import read_switches
from ringfence.engines.render import bracketed
from ringfence.hosts import ports
from ringfence.hosts.listening import bound_ports, connections_in
from ringfence.hosts.ports import Transport
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.transports import ClientCertificates
from ringfence.portal import guard, places
from ringfence.portal.access import require_any
from ringfence.portal.actor import Actor
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.security.models import SecurityValues

BOTH_ENDS: Final = {ports.LINK_TO_CORE, ports.LINK_TO_SBC}


@dataclass(frozen=True, slots=True)
class Place:
    """One port of the SBC, and whether something listens there now."""

    protocol: str
    port: int
    listening: bool


@dataclass(frozen=True, slots=True)
class Status:
    """`phones` counts the accounts with a device that registered through the SBC; None while the guard is silent. `far`
    is the address of the host that the SBC has for itself, `link` the core's own on the link, `certificate` the SHA-256
    of what that SBC shows; all three are empty where there is no such host. `bans_told`: it hears whom to keep out,
    `certificates_told`: and what to show; `pages`: where that host opens them.
    `clients`: whether phones over TLS show it certificates of their own.
    """

    enabled: bool
    far: str
    link: str
    certificate: str
    bans_told: bool
    certificates_told: bool
    pages: tuple[str, ...]
    clients: ClientCertificates
    transports: tuple[Place, ...]
    rtp: str
    link_up: bool
    phones: int | None
    level_1_packets: int
    level_2_packets: int


def status(actor: Actor) -> Status:
    """What is in force now."""
    require_any(actor, Permission.SYSTEM_READ, Permission.WEB_WRITE)
    sbc, settings = read_sbc(places.PATHS.sbc_switch), SecurityValues.current()
    bound = {carrier: bound_ports(carrier) for carrier in Transport}
    # the SBC alone opens them, and only a right certificate keeps them open
    reached = {one.port for one in connections_in()} if sbc.far else frozenset()
    return Status(
        enabled=sbc.enabled,
        far=sbc.far,
        link=sbc.here,
        certificate=sbc.certificate,
        clients=asked_of_clients(places.PATHS.sbc_clients),
        certificates_told=ports.LINK_OF_FRONT in reached,
        pages=_pages(sbc.far),
        bans_told=ports.LINK_OF_BANS in reached,
        transports=tuple(
            Place(str(one.protocol), one.port, one.port in bound[one.protocol.carrier]) for one in sbc.transports
        ),
        rtp=ports.SBC_RTP.ports,
        link_up=ports.LINK_TO_CORE in reached
        if sbc.far
        else sbc.enabled and bound[Transport.TCP].issuperset(BOTH_ENDS),
        phones=_phones(),
        level_1_packets=settings.sbc_level_1_packets,
        level_2_packets=settings.sbc_level_2_packets,
    )


def _pages(far: str) -> tuple[str, ...]:
    """By explicit choice provisioning too, over plain HTTP."""
    if not far:
        return ()
    host = bracketed(ip_address(far))
    doors = [f"https://{host}:{one.first}/" for one in (ports.WEBRTC, ports.SBC_PORTAL)]
    if read_switches(places.PATHS.web_access).sbc_provisioning_http:
        doors.append(f"http://{host}:{ports.SBC_PROVISIONING.first}/provisioning/")
    return tuple(doors)


def plain(found: Status) -> dict[str, object]:
    return asdict(found)


def _phones() -> int | None:
    try:
        registered = guard.listed("registrations.list", "registrations")
    except Refused:
        return None
    return sum(any(contact.get("path") for contact in one["contacts"]) for one in registered)
