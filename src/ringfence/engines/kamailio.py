"""The SIP core's configuration file, from the System. Pure: no file is read or written here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ringfence.engines.edge.link import core_link
from ringfence.engines.render import Bare, bracketed, quote_kamailio, render
from ringfence.engines.system import System
from ringfence.hosts import ports
from ringfence.hosts.addresses import LOOPBACK
from ringfence.hosts.linktable import USUAL, encoded
from ringfence.hosts.transports import ClientCertificates, Protocol, SipTransport, usual
from ringfence.policy.rules import packet, registration

TEMPLATE = "core.cfg.j2"
TLS_TEMPLATE = "tls.cfg.j2"
NAMELESS = "nameless.invalid"
"""Kamailio looks for another section by name only if the one it began with has a name too."""

type _Socket = tuple[Bare, Bare | str]
"""Where the core listens, and what is told of it instead; "" for nothing."""


def render_core(system: System) -> str:
    """`run/core/core.cfg`: transports, memory, module parameters. Every decision is in ringfence.signaling."""
    paths = system.paths
    return render(
        TEMPLATE,
        quote_kamailio,
        version=Bare(system.version),
        source=Bare(f"src/ringfence/engines/templates/{TEMPLATE}"),
        limits=system.limits,
        firewall=system.firewall,
        registration=registration,
        packet=packet,
        bare=Bare,
        listen=[
            *(_listen(system, index) for index in range(len(system.sip_addresses))),
            *_listen_on_links(system),
            *_listen_to_sbc(system),
            _listen_to_voice(),
        ],
        secure=system.sbc.has_link or any(one.protocol.is_secure for one in system.core_transports),
        web_sockets=[one.port for one in system.core_transports if one.protocol is Protocol.WSS],
        link=core_link(system.paths.link, system.sbc) if system.sbc.has_link else None,
        link_peer=system.sbc.link_there,
        tls_config=paths.core_tls_config,
        modules=modules_directory(),
        readable=paths.source / "ringfence" / "signaling" / "readable.regex",
        script=paths.source / "ringfence" / "signaling" / "main.py",
        warm_database=f"sqlite://{paths.warm_database}",
        rtpengine=f"udp:127.0.0.1:{ports.RTPENGINE_CONTROL}",
        control=f"unix:{paths.core_control}",
        topology_key=system.topology_key,
        links=_table_of_links(system),
        tos=system.voice.signalling_tos,
        capture=f"sip:{LOOPBACK}:{ports.CAPTURE}" if _is_copied(system) else "",
        capture_id=system.voice.capture_id,
        call_desk=_call_desk(system),
    )


def _is_copied(system: System) -> bool:
    """Without a UDP transport each message would cost an error line instead of a copy."""
    spoken = {one.protocol for one in usual(system.core_transports)}
    return bool(system.voice.capture_address) and Protocol.UDP in spoken


@dataclass(frozen=True, slots=True)
class NamedPair:
    """The certificate of a domain, and its key."""

    domain: str
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who signs certificates of phones, and the list of those that were revoked; None while there is no list."""

    certificates: Path
    revoked: Path | None


def render_tls(
    system: System,
    named: Sequence[NamedPair] = (),
    authorities: Authorities | None = None,
    found_in: Path | None = None,
) -> str:
    """`run/core/tls.cfg`: what TLS offers, and what it demands of those we call. `named` are shown to whoever asks for
    their domain (docs/adr/0041). Where phones shall show certificates and nobody is known to sign them, none is valid.
    `found_in`: the directory of the host's own authorities; None where others were put in their place.
    """
    return render(
        TLS_TEMPLATE,
        Bare,
        version=system.version,
        source=f"src/ringfence/engines/templates/{TLS_TEMPLATE}",
        certificate=system.paths.web_certificate,
        key=system.paths.web_key,
        authorities=system.paths.authorities,
        found_in=found_in,
        named=named,
        sockets=_tls_sockets(system) if named else [],
        nameless=NAMELESS,
        asking=_asking_sockets(system),
        phones=authorities or Authorities(system.paths.web_certificate, None),
        link=core_link(system.paths.link, system.sbc) if system.sbc.has_link else None,
    )


def _tls_sockets(system: System) -> list[str]:
    """Where a certificate is chosen by name: not where phones show theirs (docs/adr/0042)."""
    free = [one for one in system.core_transports if one.protocol.is_secure and one.clients is ClientCertificates.NONE]
    return [f"{bracketed(address)}:{one.port}" for one in free for address in system.heard_at(one)]


def _asking_sockets(system: System) -> list[tuple[str, str]]:
    """Sockets where phones show a certificate, and whether they must."""
    return [
        (f"{bracketed(address)}:{one.port}", "yes" if one.clients is ClientCertificates.REQUIRED else "no")
        for one in system.core_transports
        if one.clients is not ClientCertificates.NONE
        for address in system.heard_at(one)
    ]


def _listen(system: System, index: int) -> tuple[int, list[_Socket]]:
    """Workers and the sockets of one address. Only the primary address gets the full number of workers.

    A secure WebSocket is TLS to Kamailio; which ports may be upgraded is said apart.
    """
    host = bracketed(system.sip_addresses[index])
    workers = system.limits.sip_workers if index == 0 else 1
    told = _told(system, index)
    return workers, [_socket(one, host, told) for one in usual(system.core_transports)]


def _listen_on_links(system: System) -> Iterator[tuple[int, list[_Socket]]]:
    """The sockets of each link; a few providers need no more than one worker for each. Never before the usual ones:
    Kamailio takes its first socket where nobody chose one."""
    for link, addresses in system.link_addresses.items():
        there = [one for one in system.core_transports if one.link == link]
        if addresses:
            yield 1, [_socket(one, bracketed(address), "") for address in addresses for one in there]


def _socket(one: SipTransport, host: str, told: str) -> _Socket:
    protocol = Protocol.TLS if one.protocol.is_secure else one.protocol
    return Bare(f"{protocol}:{host}:{one.port}"), Bare(f"{told}:{one.port}") if told else ""


def _table_of_links(system: System) -> str:
    """For the workers; nothing while every transport is a usual one."""
    found = system.link_addresses
    table = {USUAL: system.reached_addresses, **{link: there for link, there in found.items() if there}}
    return encoded({link: map(str, there) for link, there in table.items()}) if found else ""


def _told(system: System, index: int) -> str:
    """The public address stands for the primary one in what phones are told (Kamailio core: `advertise`)."""
    address, public = system.sip_addresses[index], system.public
    outside = public is not None and index == 0 and public.version == address.version and public != address
    return bracketed(public) if public is not None and outside else ""


def _listen_to_sbc(system: System) -> list[tuple[int, list[_Socket]]]:
    """The core's end of the link. The UDP socket beside it hears nothing: a binding that came over the link is kept
    under its name, or it would end with the connection that brought it."""
    if not system.sbc.has_link:
        return []
    here = core_link(system.paths.link, system.sbc).here
    return [(1, [(Bare(f"tls:{here}"), ""), (Bare(f"udp:{here}"), "")])]


def _listen_to_voice() -> tuple[int, list[_Socket]]:
    """Stands last: where phones have no UDP, Kamailio sends from the last UDP socket on loopback."""
    return 1, [(Bare(f"udp:{LOOPBACK}:{ports.CORE_TO_VOICE}"), "")]


def _call_desk(system: System) -> str:
    """Who starts calls for others, on the first UDP port there is."""
    udp = [one.port for one in usual(system.core_transports) if one.protocol is Protocol.UDP]
    return f"sip:calls@{bracketed(system.sip_addresses[0])}:{min(udp, default=ports.SIP_UDP.first)}"


def modules_directory() -> str:
    """Both the multiarch directory of this build and the plain one; Kamailio takes the first that holds the module."""
    return ":".join(
        f"/usr/lib/{triplet}kamailio/modules/" for triplet in ("x86_64-linux-gnu/", "aarch64-linux-gnu/", "")
    )
