"""The sockets of the SIP core: what comes from elsewhere is not heard. They follow the transports that are in force."""

from pathlib import Path
from typing import Final

from ringfence.hosts import ports
from ringfence.hosts.transports import Protocol, read_transports, usual
from ringfence.voice.endpoint import Address

LOOPBACK: Final = "127.0.0.1"
ALWAYS: Final = (LOOPBACK, ports.CORE_TO_VOICE)
"""Where the core hears us whatever transports there are."""


class CoreSockets:
    """Kamailio sends from its first UDP socket, or from the one for us where phones have no UDP."""

    def __init__(self, transports: Path, primary: str) -> None:
        self._file, self._hosts = transports, (primary, LOOPBACK)
        self._seen = 0
        self._held: tuple[Address, ...] = ()

    def holds(self, address: Address) -> bool:
        """Whether the core sends from there now."""
        return address in self._now()

    @property
    def door(self) -> Address:
        """Where our own requests go. The core sends them on from the socket that heard them, and from one on loopback
        it reaches no phone that speaks UDP; so that is for a core without any other."""
        return self._now()[0]

    def _now(self) -> tuple[Address, ...]:
        if (changed := self._changed()) != self._seen or not self._held:
            self._seen = changed
            udp = [one.port for one in usual(read_transports(self._file)) if one.protocol is Protocol.UDP]
            self._held = (*((host, port) for host in self._hosts for port in udp), ALWAYS)
        return self._held

    def _changed(self) -> int:
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return 0
