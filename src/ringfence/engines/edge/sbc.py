"""The SBC's configuration files, from the System: a second Kamailio and a second rtpengine that face the Internet."""

from collections.abc import Sequence
from typing import Final

from ringfence.engines.edge.link import sbc_link
from ringfence.engines.kamailio import NAMELESS, Authorities, NamedPair, modules_directory
from ringfence.engines.render import Bare, bracketed, quote_kamailio, render
from ringfence.engines.rtpengine import Relay, render_relay
from ringfence.engines.system import System
from ringfence.hosts import ports
from ringfence.hosts.addresses import LOOPBACK, Address
from ringfence.hosts.transports import ClientCertificates, Protocol
from ringfence.policy.rules import packet, registration

TEMPLATE: Final = "sbc.cfg.j2"
TLS_TEMPLATE: Final = "sbc-tls.cfg.j2"


def render_sbc(system: System, key: str) -> str:
    """`run/sbc/sbc.cfg`: `key` signs flows and hides addresses."""
    paths, link = system.paths, sbc_link(system.paths.link, system.sbc)
    udp = [f"udp:{bracketed(address)}:{ports.SBC_SIP_UDP.first}" for address in system.reached_addresses]
    shown = [bracketed(address) for address in _told_addresses(system)]
    return render(
        TEMPLATE,
        quote_kamailio,
        bare=Bare,
        version=Bare(system.version),
        source=Bare(f"src/ringfence/engines/templates/{TEMPLATE}"),
        limits=system.limits,
        firewall=system.firewall,
        packet=packet,
        registration=registration,
        listen=[(Bare(f"tls:{link.here}"), ""), *_listen(system)],
        modules=modules_directory(),
        control=f"unix:{paths.sbc_control}",
        tls_config=paths.sbc_tls_config,
        key=key,
        tos=system.voice.signalling_tos,
        outer_address=str(system.outer_address),
        keepalive_from=f"sip:sbc@{bracketed(system.network.primary)}",
        keepalive_state=paths.sbc / "keepalive",
        rtpengine=f"udp:{LOOPBACK}:{ports.SBC_RTPENGINE_CONTROL}",
        script=paths.source / "ringfence" / "signaling" / "edge.py",
        link=link,
        core_uri=f"sip:{link.there}",
        shown=[Bare(shown[0]), Bare(shown[-1])],
        ports=ports,
        core_address=system.sbc.link_there,
        media_address=_inner_media(system),
        link_socket=f"tls:{link.here}",
        udp_sockets=[udp[0], udp[-1]],
        inner_family=Bare("IP6" if system.network.primary.version == 6 else "IP4"),
        web_socket=ports.SBC_SIP_WSS.first,
    )


def render_sbc_tls(
    system: System,
    named: Sequence[NamedPair] = (),
    authorities: Authorities | None = None,
    clients: ClientCertificates = ClientCertificates.NONE,
) -> str:
    """`run/sbcfront/tls.cfg`. Where phones shall show certificates and nobody is known to sign them, none is valid."""
    asked = {ClientCertificates.OPTIONAL: "no", ClientCertificates.REQUIRED: "yes"}
    return render(
        TLS_TEMPLATE,
        Bare,
        version=system.version,
        source=f"src/ringfence/engines/templates/{TLS_TEMPLATE}",
        certificate=system.paths.web_certificate,
        key=system.paths.web_key,
        named=named,
        sockets=_secure_sockets(system),
        nameless=NAMELESS,
        must=asked.get(clients, ""),
        phones=authorities or Authorities(system.paths.web_certificate, None),
        link=sbc_link(system.paths.link, system.sbc),
    )


def _secure_sockets(system: System) -> list[str]:
    secure = [one.port for one in system.sbc.transports if one.protocol.is_secure]
    return [f"{bracketed(address)}:{port}" for address in system.reached_addresses for port in secure]


def render_sbc_media(system: System) -> str:
    """`run/sbcmedia/rtpengine.conf`: the relay of clients outside."""
    return render_relay(system, Relay(ports.SBC_RTP, ports.SBC_RTPENGINE_CONTROL))


def _inner_media(system: System) -> str:
    """What the core is told of this relay: on another host not the public address, which may not lead back inside."""
    return str(system.network.primary) if system.sbc.core else ""


def _listen(system: System) -> list[tuple[Bare, Bare | str]]:
    """What clients outside reach, and what they are told of it where that is translated on the way; a secure WebSocket
    is TLS to Kamailio."""
    return [
        (
            Bare(f"{Protocol.TLS if one.protocol.is_secure else one.protocol}:{bracketed(address)}:{one.port}"),
            Bare(f"{bracketed(outer)}:{one.port}") if outer != address else "",
        )
        for address, outer in zip(system.reached_addresses, _told_addresses(system), strict=True)
        for one in system.sbc.transports
    ]


def _told_addresses(system: System) -> list[Address]:
    """What clients are told in the place of each address of ours: the public one stands for the primary one."""
    return [system.outer_address, *system.reached_addresses[1:]]
