"""The voice network as data: how packets of calls are marked, over which link they go, how much one sender on the voice
VLAN may send, and where SIP is copied to (reference: "Separate Voice and Data Traffic").

One file holds what is in force; engines, guard and portal read it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from ringfence.hosts.addresses import Address, Surroundings, parsed
from ringfence.hosts.jsonfile import replace_json

HIGHEST_DSCP: Final = 63
CALM_PACKETS: Final = 300
"""Packets per second of one sender below which its own calls would suffer: two calls of video with their signalling."""

MOST_PACKETS: Final = 1_000_000
HIGHEST_CAPTURE_ID: Final = 2**32 - 1
INSIDE: Final = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128")
)
"""Where a collector of SIP may be: private networks (RFC 1918, RFC 6598, RFC 4193) and this machine."""


class VoiceNetworkRefused(ValueError):
    """What cannot be in force: the rule, the field, and the reason as text."""

    def __init__(self, rule: str, field: str, message: str) -> None:
        super().__init__(message)
        self.rule, self.field = rule, field


@dataclass(frozen=True, slots=True)
class VoiceNetwork:
    """What was last put in force.

    `signalling_dscp` and `media_dscp` are code points of RFC 2474: CS3 and EF as RFC 4594 and phones have them.
    `signalling_on` and `media_on` name a link or an address of this machine; "" is the one of the default route, and
    for media the one of signalling. `voice_link` is the voice VLAN, on which each address may send
    `voice_link_packets` a second; 0 is no limit. `capture_address` receives a copy of SIP as HEP3; "" is nobody.
    """

    signalling_dscp: int = 24
    media_dscp: int = 46
    signalling_on: str = ""
    media_on: str = ""
    voice_link: str = ""
    voice_link_packets: int = 0
    capture_address: str = ""
    capture_port: int = 9060
    capture_id: int = 2001

    @property
    def signalling_tos(self) -> int:
        """The whole byte of the IP header.

        >>> VoiceNetwork().signalling_tos, VoiceNetwork().media_tos
        (96, 184)
        """
        return self.signalling_dscp << 2

    @property
    def media_tos(self) -> int:
        return self.media_dscp << 2


def read_voice_network(path: Path) -> VoiceNetwork:
    """What was last put in force; the usual values while the file is missing or cannot be understood."""
    try:
        return from_plain(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return VoiceNetwork()


def write_voice_network(path: Path, wanted: VoiceNetwork) -> None:
    """Everybody may read it: nothing in it is secret."""
    replace_json(path, asdict(wanted), 0o644)


def from_plain(values: Any, present: VoiceNetwork | None = None) -> VoiceNetwork:
    """`present` with the values that are named. Raises VoiceNetworkRefused for an unknown name or another kind."""
    present = present or VoiceNetwork()
    if not isinstance(values, Mapping):
        raise VoiceNetworkRefused("voice_network.kind", "", "The voice network is an object with named settings.")
    known = {one.name: type(getattr(present, one.name)) for one in fields(VoiceNetwork)}
    for name, value in values.items():
        if type(value) is not known.get(name):
            raise VoiceNetworkRefused("voice_network.kind", str(name), f"{name} is unknown or not of its kind.")
    return replace(present, **values)


def checked(wanted: VoiceNetwork, around: Surroundings) -> VoiceNetwork:
    """`wanted`, if it can be in force on this machine. Raises VoiceNetworkRefused."""
    for check in _CHECKS:
        check(wanted, around)
    return wanted


def _numbers(wanted: VoiceNetwork, _: Surroundings) -> None:
    for field in ("signalling_dscp", "media_dscp"):
        if not 0 <= getattr(wanted, field) <= HIGHEST_DSCP:
            message = f"A DSCP is 0 to {HIGHEST_DSCP} (RFC 2474)."
            raise VoiceNetworkRefused("voice_network.dscp", field, message)


def _places(wanted: VoiceNetwork, around: Surroundings) -> None:
    for field in ("signalling_on", "media_on"):
        place = getattr(wanted, field)
        if place and not around.placed(place):
            message = f"{place[:50]!r} is no link with an address, nor an address, of this machine (see: ip address)."
            raise VoiceNetworkRefused("voice_network.place", field, message)


def _voice_link(wanted: VoiceNetwork, around: Surroundings) -> None:
    if wanted.voice_link and wanted.voice_link not in around.links:
        message = f"{wanted.voice_link[:50]!r} is no link of this machine that is up (see: ip link)."
        raise VoiceNetworkRefused("voice_network.link", "voice_link", message)
    packets = wanted.voice_link_packets
    if packets and not CALM_PACKETS <= packets <= MOST_PACKETS:
        message = f"0 is no limit; otherwise {CALM_PACKETS} to {MOST_PACKETS} packets a second, or calls would suffer."
        raise VoiceNetworkRefused("voice_network.rate", "voice_link_packets", message)
    if packets and not wanted.voice_link:
        message = "A limit needs the link it is for."
        raise VoiceNetworkRefused("voice_network.link", "voice_link", message)


def _capture(wanted: VoiceNetwork, _: Surroundings) -> None:
    if wanted.capture_address and not is_inside(parsed(wanted.capture_address)):
        message = "A copy of SIP goes to a private address only (RFC 1918, RFC 6598, RFC 4193): HEP is not encrypted."
        raise VoiceNetworkRefused("voice_network.capture", "capture_address", message)
    if not 1 <= wanted.capture_port <= 65535:
        raise VoiceNetworkRefused("voice_network.port", "capture_port", "A port is 1 to 65535.")
    if not 1 <= wanted.capture_id <= HIGHEST_CAPTURE_ID:
        message = f"A capture id is 1 to {HIGHEST_CAPTURE_ID}."
        raise VoiceNetworkRefused("voice_network.capture_id", "capture_id", message)


type _Check = Callable[[VoiceNetwork, Surroundings], None]
_CHECKS: Final[tuple[_Check, ...]] = (_numbers, _places, _voice_link, _capture)


def is_inside(address: Address | None) -> bool:
    """Whether it is an address of a private network.

    >>> is_inside(parsed("192.168.3.4")), is_inside(parsed("203.0.113.9")), is_inside(None)
    (True, False, False)
    """
    return address is not None and any(address in network for network in INSIDE if network.version == address.version)
