"""The SIP core's configuration file, from the System. Pure: no file is read or written here."""

from ringfence.engines.render import Bare, bracketed, quote_kamailio, render
from ringfence.engines.system import System
from ringfence.hosts import ports
from ringfence.hosts.transports import Protocol
from ringfence.policy.rules import packet, registration

TEMPLATE = "core.cfg.j2"
TLS_TEMPLATE = "tls.cfg.j2"


def render_core(system: System) -> str:
    """`run/core/core.cfg`: transports, memory, module parameters. Every decision is in ringfence.signaling."""
    paths = system.paths
    return render(
        TEMPLATE,
        quote_kamailio,
        version=Bare(system.version),
        source=Bare(f"src/ringfence/engines/templates/{TEMPLATE}"),
        limits=system.limits,
        registration=registration,
        packet=packet,
        bare=Bare,
        listen=[_listen(system, index) for index in range(len(system.sip_addresses))],
        secure=any(one.protocol.is_secure for one in system.transports),
        web_sockets=[one.port for one in system.transports if one.protocol is Protocol.WSS],
        tls_config=paths.core_tls_config,
        modules=modules_directory(),
        readable=paths.source / "ringfence" / "signaling" / "readable.regex",
        script=paths.source / "ringfence" / "signaling" / "main.py",
        warm_database=f"sqlite://{paths.warm_database}",
        rtpengine=f"udp:127.0.0.1:{ports.RTPENGINE_CONTROL}",
        control=f"unix:{paths.core_control}",
        topology_key=system.topology_key,
        outer_address=str(system.outer_address),
        call_desk=f"sip:calls@{bracketed(system.sip_addresses[0])}:{ports.SIP_UDP.first}",
    )


def render_tls(system: System) -> str:
    """`run/core/tls.cfg`: what TLS offers, and what it demands of those we call."""
    return render(
        TLS_TEMPLATE,
        Bare,
        version=system.version,
        source=f"src/ringfence/engines/templates/{TLS_TEMPLATE}",
        certificate=system.paths.web_certificate,
        key=system.paths.web_key,
    )


def _listen(system: System, index: int) -> tuple[int, list[tuple[Bare, str]]]:
    """Workers and the sockets of one address. Only the primary address gets the full number of workers.

    A secure WebSocket is TLS to Kamailio; which ports may be upgraded is said apart.
    """
    host = bracketed(system.sip_addresses[index])
    workers = system.limits.sip_workers if index == 0 else 1
    spoken = [(Protocol.TLS if one.protocol.is_secure else one.protocol, one.port) for one in system.transports]
    told = _told(system, index)
    return workers, [
        (Bare(f"{protocol}:{host}:{port}"), Bare(f"{told}:{port}") if told else "") for protocol, port in spoken
    ]


def _told(system: System, index: int) -> str:
    """The public address stands for the primary one in what phones are told (Kamailio core: `advertise`)."""
    address, public = system.sip_addresses[index], system.public
    outside = public is not None and index == 0 and public.version == address.version and public != address
    return bracketed(public) if public is not None and outside else ""


def modules_directory() -> str:
    """Both the multiarch directory of this build and the plain one; Kamailio takes the first that holds the module."""
    return ":".join(
        f"/usr/lib/{triplet}kamailio/modules/" for triplet in ("x86_64-linux-gnu/", "aarch64-linux-gnu/", "")
    )
