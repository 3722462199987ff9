"""Every port of the product: the reference's table, once. Feeds engines, firewall plan and documentation."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Transport(StrEnum):
    """What runs over the port, as an administrator writes it into a firewall rule."""

    UDP = "udp"
    TCP = "tcp"


class Part(StrEnum):
    """Which part of Ringfence listens. `host` is not ours: the row is there because the firewall has to know it."""

    WEB = "web"
    CORE = "core"
    EDGE = "edge"
    MEDIA = "media"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Service:
    """One row of the reference's port table ("Default Firewall Behavior After Installation")."""

    name: str
    description: str
    first: int
    last: int
    transport: Transport
    part: Part

    @property
    def ports(self) -> str:
        """The port or the range, as the reference writes it.

        >>> RTP.ports
        '45000-64999'
        """
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def _one(name: str, port: int, description: str, transport: Transport, part: Part) -> Service:
    return Service(name, description, port, port, transport, part)


WEB_PORTAL: Final = _one("Web Portal", 8887, "Web Portal over HTTPS", Transport.TCP, Part.WEB)
PROVISIONING: Final = _one("IP Phone Provisioning", 8888, "IP Phone provisioning", Transport.TCP, Part.WEB)
REST: Final = _one("Rest API", 8887, "Rest API over HTTPS", Transport.TCP, Part.WEB)
WEBRTC: Final = _one("WebRTC", 10443, "The WebRTC client over HTTPS", Transport.TCP, Part.WEB)
SBC_PORTAL: Final = _one("SBC Web Portal", 8883, "SBC Web Portal over HTTPS", Transport.TCP, Part.WEB)
SBC_PROVISIONING: Final = _one(
    "IP Phone Provisioning", 8882, "IP Phone provisioning via SBC over HTTP", Transport.TCP, Part.WEB
)
WSI: Final = _one("WSI", 8885, "The WebSocket Interface", Transport.TCP, Part.WEB)
RTP: Final = Service("RTP", "The UDP ports for the RTP packets on PBX", 45000, 64999, Transport.UDP, Part.MEDIA)
SBC_RTP: Final = Service("RTP", "The UDP ports for the RTP packets on SBC", 25000, 34999, Transport.UDP, Part.EDGE)
SBC_SIP_UDP: Final = _one("SIP", 5066, "SIP signaling port on SBC over UDP", Transport.UDP, Part.EDGE)
SBC_SIP_TCP: Final = _one("SIP", 5067, "SIP signaling port on SBC over TCP", Transport.TCP, Part.EDGE)
SIP_UDP: Final = _one("SIP", 5060, "SIP Signaling port on PBX over UDP", Transport.UDP, Part.CORE)
SIP_TLS: Final = _one("SIP", 5061, "SIP Signaling port on PBX over TLS", Transport.TCP, Part.CORE)
SIP_TCP: Final = _one("SIP", 5063, "SIP Signaling port on PBX over TCP", Transport.TCP, Part.CORE)
SBC_SIP_WSS: Final = _one("SIP", 5065, "SIP Signaling port on SBC over WSS", Transport.TCP, Part.EDGE)
SSH: Final = _one("SSH", 22, "SSH port over TCP", Transport.TCP, Part.HOST)

TABLE: Final[tuple[Service, ...]] = (
    WEB_PORTAL,
    PROVISIONING,
    REST,
    WEBRTC,
    SBC_PORTAL,
    SBC_PROVISIONING,
    WSI,
    RTP,
    SBC_RTP,
    SBC_SIP_UDP,
    SBC_SIP_TCP,
    SIP_UDP,
    SIP_TLS,
    SIP_TCP,
    SBC_SIP_WSS,
    SSH,
)

HTTP: Final = 80
HTTPS: Final = 443
"""Only a redirect to the portal ever listens on these two, and only while it is switched on (reference: "Web Access
Security")."""

RTPENGINE_CONTROL: Final = 2223
SBC_RTPENGINE_CONTROL: Final = 2224
"""The ng protocol of the core's and the SBC's media relay, on loopback only; never opened in a firewall."""

VOICE_SIP: Final = 5070
"""The voice process, on loopback only: it hears the SIP core and nobody else."""

CORE_TO_VOICE: Final = 5071
"""Where the SIP core hears the voice process over UDP, on loopback only, whatever transports there are for phones."""

VOICE_KEYS: Final = 2225
"""Where the media relay tells the voice process of keys pressed in calls, on loopback only."""

CAPTURE: Final = 2226
"""Where the core sends what is to be captured, on loopback only: what must not leave is taken out there."""

LINK_TO_CORE: Final = 5068
LINK_TO_SBC: Final = 5069
"""SIP over TLS with a certificate on both sides, between the SBC and the core; never opened to phones."""

LINK_OF_BANS: Final = 5072
"""Where the core's host tells an SBC on another host whom to keep out, with the certificates of the link."""

LINK_OF_FRONT: Final = 5073
"""Where it tells that SBC which certificates to show, and which doors for web pages are open."""

LINK_OF_PAGES: Final = 5074
"""Where it takes requests for web pages of that SBC's host, and of nobody else."""

FAR_LINK: Final = (LINK_TO_CORE, LINK_OF_BANS, LINK_OF_FRONT, LINK_OF_PAGES)
"""What the core's host opens to the host of an SBC elsewhere."""


def of(part: Part) -> tuple[Service, ...]:
    """The rows one part listens on."""
    return tuple(service for service in TABLE if service.part is part)
