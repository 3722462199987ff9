"""The media relay's configuration file, from the System."""

import configparser
from dataclasses import dataclass

from ringfence.engines.render import Bare, quote_rtpengine, render
from ringfence.engines.system import System
from ringfence.hosts import ports
from ringfence.hosts.addresses import Address
from ringfence.hosts.linktable import interface
from ringfence.hosts.ports import Service

TEMPLATE = "rtpengine.conf.j2"
SECTION = "rtpengine"


@dataclass(frozen=True, slots=True)
class Relay:
    """What tells two relays of one host apart: the ports of media and the port each is told on what to do."""

    media: Service
    control: int


def render_media(system: System) -> str:
    """`run/media/rtpengine.conf`: one relay on the primary address, told what to do by the SIP core over loopback."""
    return render_relay(system, Relay(ports.RTP, ports.RTPENGINE_CONTROL))


def render_relay(system: System, relay: Relay) -> str:
    """The file of one relay."""
    return render(
        TEMPLATE,
        quote_rtpengine,
        version=Bare(system.version),
        source=Bare(f"src/ringfence/engines/templates/{TEMPLATE}"),
        limits=system.limits,
        addresses=[(address, _told(system, address)) for address in system.media_addresses],
        links=_links(system) if relay.media is ports.RTP else [],
        tos=system.voice.media_tos,
        control=f"127.0.0.1:{relay.control}",
        keys=f"127.0.0.1:{ports.VOICE_KEYS}" if relay.media is ports.RTP else None,
        first=relay.media.first,
        last=relay.media.last,
    )


def _links(system: System) -> list[tuple[Bare, Address]]:
    """The links of transports, each under its own word: media of a party is where its signalling is."""
    found = system.link_addresses.items()
    return [(Bare(interface(link)), address) for link, addresses in found for address in addresses]


def _told(system: System, address: Address) -> Address | None:
    """The address that stands in SDP, where it is another one (rtpengine: --interface)."""
    public = system.public
    if public is None or address != system.network.primary or public.version != address.version or public == address:
        return None
    return public


def faults(text: str) -> str:
    """rtpengine has no check of its own and ignores what it cannot read: parse the file strictly. Empty: no fault."""
    parser = configparser.ConfigParser(interpolation=None, strict=True, delimiters=("=",), comment_prefixes=("#",))
    try:
        parser.read_string(text)
        section = parser[SECTION]
        first, last = int(section["port-min"]), int(section["port-max"])
    except (configparser.Error, KeyError, ValueError) as error:
        return f"rtpengine.conf cannot be read: {error}"
    if not 1024 <= first < last <= 65535:
        return f"rtpengine.conf: the port range {first}-{last} is not usable"
    return ""
