"""Where SIP listens now: the transports in force and the SBC's own ports, looked at again when a file changes."""

from pathlib import Path

from ringfence.guard.kernel.shape import Ports, VoiceLink
from ringfence.hosts import ports
from ringfence.hosts.addresses import is_link_name
from ringfence.hosts.paths import Paths
from ringfence.hosts.ports import Transport
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.transports import read_transports
from ringfence.hosts.voice_network import VoiceNetwork, read_voice_network

NEVER = -1

type _Door = tuple[Transport, int]


class SipPorts:
    """The ports that are metered and whose connections a SIP ban cuts."""

    def __init__(self, paths: Paths) -> None:
        self._transports, self._sbc = paths.transports, paths.sbc_switch
        self._network = paths.voice_network
        self._changed_at = (NEVER - 1,) * 3
        self._ports = Ports((), ())

    def now(self) -> Ports:
        """The ports, sorted. One look at the files' times unless one was changed."""
        changed_at = (_changed(self._transports), _changed(self._sbc), _changed(self._network))
        if changed_at != self._changed_at:
            self._changed_at = changed_at
            self._ports = self._read()
        return self._ports

    def _read(self) -> Ports:
        """While there is no SBC its ports are metered like any other."""
        found = {(one.protocol.carrier, one.port) for one in read_transports(self._transports)}
        switch = read_sbc(self._sbc)
        sbc = {(one.protocol.carrier, one.port) for one in switch.transports}
        found |= {(service.transport, service.first) for service in ports.of(ports.Part.EDGE) if service.name == "SIP"}
        found -= sbc
        return Ports(
            udp=_of(Transport.UDP, found),
            tcp=_of(Transport.TCP, found),
            sbc_udp=_of(Transport.UDP, sbc),
            sbc_tcp=_of(Transport.TCP, sbc),
            voice=voice_link(read_voice_network(self._network)),
            link_from=switch.other_host,
        )


def voice_link(network: VoiceNetwork) -> VoiceLink | None:
    """The limit on the voice VLAN; none is set for a name that no link can have."""
    if network.voice_link_packets < 1 or not is_link_name(network.voice_link):
        return None
    return VoiceLink(network.voice_link, network.voice_link_packets)


def _changed(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else NEVER


def _of(carrier: Transport, doors: set[_Door]) -> tuple[int, ...]:
    return tuple(sorted(port for its, port in doors if its is carrier))
