"""Where SIP listens now: the transports in force and the SBC's own ports, looked at again when the file changes."""

from pathlib import Path
from typing import Final

from ringfence.guard.ruleset import Ports
from ringfence.hosts import ports
from ringfence.hosts.ports import Transport
from ringfence.hosts.transports import read_transports

NEVER: Final = -1


class SipPorts:
    """The ports that are metered and whose connections a SIP ban cuts."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._changed_at = NEVER - 1
        self._ports = Ports((), ())

    def now(self) -> Ports:
        """The ports, sorted. One look at the file's time unless it was changed."""
        changed_at = self._file.stat().st_mtime_ns if self._file.exists() else NEVER
        if changed_at != self._changed_at:
            self._changed_at = changed_at
            self._ports = self._read()
        return self._ports

    def _read(self) -> Ports:
        found = {(one.protocol.carrier, one.port) for one in read_transports(self._file)}
        found |= {(service.transport, service.first) for service in ports.of(ports.Part.EDGE) if service.name == "SIP"}
        return Ports(
            udp=tuple(sorted(port for carrier, port in found if carrier is Transport.UDP)),
            tcp=tuple(sorted(port for carrier, port in found if carrier is Transport.TCP)),
        )
