"""The one description of a running system that every engine file and every child process is derived from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ringfence import __version__
from ringfence.engines.listeners import WebAccess
from ringfence.engines.supervision.privileges import allowed_files
from ringfence.hosts.addresses import LOOPBACK, Address, Surroundings, surroundings
from ringfence.hosts.firewall.active import host_root
from ringfence.hosts.paths import Paths
from ringfence.hosts.public import public_file, read_public
from ringfence.hosts.sbc import OFF, Sbc, read_sbc
from ringfence.hosts.sip_links import addresses_of_links, links_of
from ringfence.hosts.transports import USUAL, SipTransport, read_transports
from ringfence.hosts.voice_network import VoiceNetwork, read_voice_network

CAP_NET_ADMIN: Final = 12
"""capabilities(7): the right to change nftables."""

CAP_DAC_READ_SEARCH: Final = 2
"""capabilities(7): the right to read every file; only whoever makes backups needs it."""

CAP_NET_BIND_SERVICE: Final = 10
"""capabilities(7): the right to listen on a port below 1024; only the web server's redirects need it."""

SIGHT: Final = {"dac_read_search": 2, "sys_ptrace": 19, "sys_chroot": 18, "net_admin": CAP_NET_ADMIN}
"""capabilities(7): the rights to look at what is root's; the inspector has as many of them as can be given."""

WAY_OUT: Final = ("sys_ptrace", "sys_chroot")
"""What the host's root takes from inside a private one; `sys_ptrace` could do much more, so nobody has it in vain."""

MOST_SHARED_MIB: Final = 4_096
CONNECTION_KIB: Final = 112
"""What a secure WebSocket takes of the core's shared memory, and some more; a TLS connection takes 83."""


class MemoryRefused(ValueError):
    """What RINGFENCE_SIP_MEMORY says is no size that the core can have."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large the engines may grow. Each number is a bound, not a reservation."""

    sip_workers: int = 4
    sip_tcp_workers: int = 4
    sip_shared_mib: int = 256
    sip_private_mib: int = 512
    """Of each worker. One of them reads all registrations into it at the start, about 3 KiB each, before they stand in
    the shared memory: with 16 MiB a core that 10,000 phones had registered at never started again."""
    sip_tcp_connections: int = 4096
    media_threads: int = 2
    media_sessions: int = 4000
    web_workers: int = 2
    web_connections: int = 1024
    open_files: int = 65536

    def __post_init__(self) -> None:
        too_small = [name for name in self.__slots__ if getattr(self, name) < 1]
        if too_small:
            raise ValueError(f"a limit below 1 stops the engine: {', '.join(too_small)}")

    @property
    def sip_reserved_kib(self) -> int:
        """Shared memory that new TLS connections and WebSockets leave alone (attack case 45)."""
        return self.sip_shared_mib * 1024 // 4


@dataclass(frozen=True, slots=True)
class System:
    """Addresses, directories, rights and limits of this machine, read once at the start.

    `public` is the address that others reach it under, where that is translated on the way.
    """

    network: Surroundings
    paths: Paths = field(default_factory=Paths)
    limits: Limits = field(default_factory=Limits)
    web: WebAccess = field(default_factory=WebAccess)
    transports: tuple[SipTransport, ...] = USUAL
    sbc: Sbc = OFF
    firewall: bool = True
    low_ports: bool = True
    reads_all: bool = True
    sight: tuple[str, ...] = tuple(SIGHT)
    topology_key: str = "unset"
    public: Address | None = None
    voice: VoiceNetwork = field(default_factory=VoiceNetwork)
    version: str = __version__

    @property
    def core_transports(self) -> tuple[SipTransport, ...]:
        """What the core itself listens on; the SBC takes over its own ports."""
        return self.sbc.leaves(self.transports)

    @property
    def media_addresses(self) -> tuple[Address, ...]:
        """Where media is relayed: on the link that media has for itself, or where signalling is. A link that is gone
        silences nobody.
        """
        apart = self.network.placed(self.voice.media_on) if self.voice.media_on else ()
        return apart or self.reached_addresses

    @property
    def reached_addresses(self) -> tuple[Address, ...]:
        """Where others reach SIP: the primary address, and beside an IPv4 one an IPv6 address: of the link that
        signalling was put on no other link's, otherwise the first there is.
        """
        if self.network.primary.version == 6:
            return (self.network.primary,)
        apart = self.network.placed(self.voice.signalling_on) if self.voice.signalling_on else ()
        if self.network.primary in apart:
            return apart
        reachable = [a for a in self.network.own if a.version == 6 and not (a.is_loopback or a.is_link_local)]
        return (self.network.primary, *reachable[:1])

    @property
    def outer_address(self) -> Address:
        """The address that others are told; a public one of the other family stands for nothing of ours."""
        primary, public = self.network.primary, self.public
        return public if public is not None and public.version == primary.version else primary

    @property
    def sip_addresses(self) -> tuple[Address, ...]:
        """Where SIP is heard: the primary address first, then the one of the other family, then loopback."""
        return tuple(dict.fromkeys((*self.reached_addresses, LOOPBACK)))

    @property
    def link_addresses(self) -> dict[str, tuple[Address, ...]]:
        """Where SIP is heard on links of their own, by the link; a link that is gone has no address."""
        return addresses_of_links(links_of(self.core_transports), self.sip_addresses, self.network)

    def heard_at(self, transport: SipTransport) -> tuple[Address, ...]:
        """Where this transport is heard."""
        return self.link_addresses[transport.link] if transport.link else self.sip_addresses

    @property
    def has_ipv6(self) -> bool:
        return any(address.version == 6 for address in self.network.own)


def this_system(environment: Mapping[str, str] = os.environ, *, firewall: bool = True) -> System:
    """This machine's system: network from the kernel, directories from the environment, limits from the processors."""
    processors = os.cpu_count() or 1
    workers = max(4, min(processors, 16))
    paths = Paths.from_environment(environment)
    voice = read_voice_network(paths.voice_network)
    return System(
        network=placed_signalling(surroundings(environment), voice, environment),
        paths=paths,
        transports=read_transports(paths.transports),
        sbc=read_sbc(paths.sbc_switch),
        limits=sized(
            Limits(
                sip_workers=workers,
                sip_tcp_workers=workers,
                media_threads=max(2, processors),
                open_files=allowed_files(Limits().open_files),
            ),
            sip_memory(
                environment.get("RINGFENCE_SIP_MEMORY", ""),
                os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
            ),
        ),
        public=read_public(public_file(paths.state)).parsed,
        voice=voice,
        firewall=firewall and may_change_firewall(),
        low_ports=may_hand_on(CAP_NET_BIND_SERVICE),
        reads_all=may_hand_on(CAP_DAC_READ_SEARCH),
        sight=rights_to_look(inside=host_root() != Path("/")),
    )


def sip_memory(asked: str, machine_mib: int) -> int:
    """MiB that the core may share: what RINGFENCE_SIP_MEMORY says, or else a sixteenth of the machine's memory. It is
    taken from the machine only when it is used. Raises MemoryRefused.

    >>> sip_memory("", 2_048), sip_memory("", 24_576), sip_memory("512", 24_576)
    (256, 1536, 512)
    """
    least = Limits().sip_shared_mib
    if not asked:
        return max(least, min(machine_mib // 16, MOST_SHARED_MIB))
    wanted = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    if not least <= wanted <= MOST_SHARED_MIB:
        raise MemoryRefused(
            f"RINGFENCE_SIP_MEMORY is {asked[:40]!r}; it must be a number of MiB from {least} to {MOST_SHARED_MIB}."
        )
    return wanted


def sized(limits: Limits, shared_mib: int) -> Limits:
    """The limits with so much shared memory, and as many connections as fit beside its reserve.

    >>> sized(Limits(), 256) == Limits(), sized(Limits(), 1_536).sip_tcp_connections
    (True, 10532)
    """
    large = replace(limits, sip_shared_mib=shared_mib)
    fitting = (shared_mib * 1024 - large.sip_reserved_kib) // CONNECTION_KIB
    return replace(large, sip_tcp_connections=max(limits.sip_tcp_connections, min(fitting, limits.open_files // 2)))


def placed_signalling(around: Surroundings, voice: VoiceNetwork, environment: Mapping[str, str]) -> Surroundings:
    """With the primary address on the link that signalling was given; what RINGFENCE_ADDRESS says comes before that,
    and running parts are told by it what held at their start.
    """
    found = () if environment.get("RINGFENCE_ADDRESS") else around.placed(voice.signalling_on)
    return replace(around, primary=found[0]) if found else around


def rights_to_look(*, inside: bool) -> tuple[str, ...]:
    """Those that this process can hand on; the way out of a private root only where there is one (`inside`)."""
    wanted = {name: number for name, number in SIGHT.items() if inside or name not in WAY_OUT}
    return tuple(name for name, number in wanted.items() if may_hand_on(number))


def may_change_firewall(status: str | None = None) -> bool:
    """Whether this process could hand CAP_NET_ADMIN to the guard."""
    return may_hand_on(CAP_NET_ADMIN, status)


def may_hand_on(capability: int, status: str | None = None) -> bool:
    """Whether this process could give a child this right: it must be in the bounding and the permitted set."""
    if status is None:
        with open("/proc/self/status", encoding="ascii") as file:
            status = file.read()
    sets = {line.split(":")[0]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Cap")}
    return all(sets[name] >> capability & 1 for name in ("CapBnd", "CapPrm"))
