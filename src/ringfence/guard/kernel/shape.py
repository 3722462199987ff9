"""What the nftables table is made from, as values."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ringfence.policy.addresses import Network
from ringfence.policy.settings import SecuritySettings

BAN_SET_SIZE: Final = 262_144


class Level(IntEnum):
    """The two packet rates of a source (reference: "SIP and TCP/IP Security", Level 1 and Level 2)."""

    ONE = 1
    TWO = 2


@dataclass(frozen=True, slots=True)
class VoiceLink:
    """The voice VLAN: how many packets a second each address on it may send."""

    link: str
    packets: int


@dataclass(frozen=True, slots=True)
class Ports:
    """Where SIP listens; only these are metered. The SBC's ports have rates of their own while there is one, and so has
    the voice VLAN.
    """

    udp: tuple[int, ...]
    tcp: tuple[int, ...]
    sbc_udp: tuple[int, ...] = ()
    sbc_tcp: tuple[int, ...] = ()
    voice: VoiceLink | None = None
    link_from: str = ""
    """The other host of the SBC's link; empty where one host has both ends."""

    @property
    def are_of_sbc(self) -> bool:
        """Whether an SBC is on this host."""
        return bool(self.sbc_udp or self.sbc_tcp)

    @property
    def are_of_core(self) -> bool:
        """Whether the core is on this host: not beside an SBC whose link leads elsewhere."""
        return not (self.are_of_sbc and self.link_from)

    @property
    def all_tcp(self) -> tuple[int, ...]:
        return (*self.tcp, *self.sbc_tcp)


@dataclass(frozen=True, slots=True)
class Timed:
    """One element of the ban set or the known set; `seconds` is what remains of it."""

    network: Network
    seconds: float
    many: bool = False
    """Of the known set: many speak from there, and may send more."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything but the bans and the address entries."""

    ports: Ports
    never_block: tuple[Network, ...]
    settings: SecuritySettings
    ban_set_size: int = BAN_SET_SIZE
    allowed: tuple[Network, ...] = ()
    """What allow entries name of an IPv6 /64: a ban of that /64 spares it."""
