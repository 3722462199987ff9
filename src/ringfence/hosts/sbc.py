"""Whether this system has an SBC, on which host, and where it listens (reference: "Default Firewall Behavior After
Installation").

One file holds the switch; engines, guard, firewall plan and portal read it.
"""

import json
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from ringfence.hosts import ports
from ringfence.hosts.addresses import LOOPBACK
from ringfence.hosts.jsonfile import replace_json
from ringfence.hosts.transports import Protocol, SipTransport


@dataclass(frozen=True, slots=True)
class Sbc:
    """The switch and what follows from it.

    `enabled`: an SBC runs on this host, beside the core or, where `core` is set, for a core on that other host. `far`:
    on the core's host, the address of the host that the SBC is on. `here`: this host's own address on the link between
    the two; loopback where one host has both. `certificate`: the SHA-256 of what the SBC elsewhere shows.
    """

    enabled: bool = False
    core: str = ""
    far: str = ""
    here: str = ""
    certificate: str = ""

    @property
    def transports(self) -> tuple[SipTransport, ...]:
        """What the SBC of this host speaks; nothing while there is none."""
        return TRANSPORTS if self.enabled else ()

    @property
    def has_link(self) -> bool:
        """Whether a core on this host has a link to keep, wherever its SBC is."""
        return self.enabled or bool(self.far)

    @property
    def link_here(self) -> str:
        return self.here or str(LOOPBACK)

    @property
    def link_there(self) -> str:
        """The address of the other end."""
        return self.core or self.far or str(LOOPBACK)

    @property
    def other_host(self) -> str:
        """The address of the host at the other end; empty where one host has both ends."""
        return self.core or self.far

    def leaves(self, transports: tuple[SipTransport, ...]) -> tuple[SipTransport, ...]:
        """What of the core's transports the core itself still listens on: a port of the usual addresses is served by
        one of the two."""
        held = {(one.protocol.carrier, one.port) for one in self.transports}
        return tuple(one for one in transports if one.link or (one.protocol.carrier, one.port) not in held)


TRANSPORTS: Final = (
    SipTransport(Protocol.UDP, ports.SBC_SIP_UDP.first),
    SipTransport(Protocol.TCP, ports.SBC_SIP_TCP.first),
    SipTransport(Protocol.WSS, ports.SBC_SIP_WSS.first),
)
OFF: Final = Sbc()


def read_sbc(path: Path) -> Sbc:
    """What is in force; off while nothing was chosen or the file cannot be read."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return OFF
    if not isinstance(stored, dict):
        return OFF
    addresses = {name: _address(stored.get(name)) for name in ("core", "far", "here")}
    found = Sbc(stored.get("enabled") is True, **addresses, certificate=str(stored.get("certificate") or ""))
    return OFF if found.other_host and not found.here else found


def write_sbc(path: Path, wanted: Sbc) -> None:
    """Replaces the file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_json(path, asdict(wanted), 0o644)


def _address(stored: Any) -> str:
    """An address in its one spelling; empty for anything else."""
    try:
        return str(ip_address(stored)) if isinstance(stored, str) and stored else ""
    except ValueError:
        return ""
