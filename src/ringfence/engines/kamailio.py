"""The SIP core's configuration file, from the System. Pure: no file is read or written here."""

from ringfence.engines.render import Bare, bracketed, quote_kamailio, render
from ringfence.engines.system import System
from ringfence.hosts import ports
from ringfence.policy.rules import packet, registration

TEMPLATE = "core.cfg.j2"


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
        modules=modules_directory(),
        script=paths.source / "ringfence" / "signaling" / "main.py",
        warm_database=f"sqlite://{paths.warm_database}",
        rtpengine=f"udp:127.0.0.1:{ports.RTPENGINE_CONTROL}",
        control=f"unix:{paths.core_control}",
        topology_key=system.topology_key,
        outer_address=str(system.network.primary),
        call_desk=f"sip:calls@{bracketed(system.sip_addresses[0])}:{ports.SIP_UDP.first}",
    )


def _listen(system: System, index: int) -> tuple[int, Bare, Bare]:
    """Workers and the two sockets of one address. Only the primary address gets the full number of workers."""
    host = bracketed(system.sip_addresses[index])
    workers = system.limits.sip_workers if index == 0 else 1
    return workers, Bare(f"udp:{host}:{ports.SIP_UDP.first}"), Bare(f"tcp:{host}:{ports.SIP_TCP.first}")


def modules_directory() -> str:
    """Both the multiarch directory of this build and the plain one; Kamailio takes the first that holds the module."""
    return ":".join(
        f"/usr/lib/{triplet}kamailio/modules/" for triplet in ("x86_64-linux-gnu/", "aarch64-linux-gnu/", "")
    )
