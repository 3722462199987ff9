"""Whether this system has an SBC, and where it listens (reference: "Default Firewall Behavior After Installation").

One file holds the switch; engines, guard, firewall plan and portal read it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ringfence.hosts import ports
from ringfence.hosts.jsonfile import replace_json
from ringfence.hosts.transports import Protocol, SipTransport


@dataclass(frozen=True, slots=True)
class Sbc:
    """The switch and what follows from it."""

    enabled: bool = False

    @property
    def transports(self) -> tuple[SipTransport, ...]:
        """What the SBC speaks; nothing while it is off."""
        return TRANSPORTS if self.enabled else ()

    def leaves(self, transports: tuple[SipTransport, ...]) -> tuple[SipTransport, ...]:
        """What of the core's transports the core itself still listens on: a port is served by one of the two."""
        held = {(one.protocol.carrier, one.port) for one in self.transports}
        return tuple(one for one in transports if (one.protocol.carrier, one.port) not in held)


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
    return Sbc(stored.get("enabled") is True)


def write_sbc(path: Path, wanted: Sbc) -> None:
    """Replaces the file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_json(path, asdict(wanted), 0o644)
