"""Over which link a message came and goes: what is for a provider leaves over the link of its trunk, and the media
relay is told the links of both sides.

The table stands in the core's file and is read once in each process: another one is another process (docs/adr/0062).
"""

from functools import cache

from ringfence.hosts.linktable import Links, decoded, host_of_socket, interface
from ringfence.policy.trunking.trunks import Trunk
from ringfence.signaling.ports import ksr, socket_port
from ringfence.signaling.worker import Worker


@cache
def known() -> Links:
    """The links of this process; none while every transport is a usual one."""
    return decoded(socket_port.links_of_this_core())


def heard_on() -> str:
    """The link that the message at hand came over; "" for the usual addresses."""
    return known().of(ksr.text("$Ri")) if known().addresses else ""


def socket_of(trunk: Trunk, peer: str, worker: Worker) -> str:
    """Where requests to this address of a trunk leave from, in the engine's word; "" if its link has no such transport
    or no address of that family now. Nothing goes out over another link then.
    """
    address, protocol = known().address(trunk.link, peer), trunk.transport.value
    port = worker.contact_ports.get((trunk.link, protocol), 0)
    shown = f"[{address}]" if ":" in address else address
    return f"{protocol}:{shown}:{port}" if address and port else ""


def send_over(trunk: Trunk, peer: str, worker: Worker) -> bool:
    """Has the request at hand leave over the trunk's link, whatever link it came over; False: it must not be sent."""
    if not (known().addresses or trunk.link):
        return True
    socket = socket_of(trunk, peer, worker)
    return bool(socket) and socket_port.send_from(socket)


def of_both_sides() -> str:
    """The relay's word for the links of who sent this offer and of who gets it; "" while there is but one place."""
    if not known().addresses:
        return ""
    there = known().of(host_of_socket(socket_port.sending_from()))
    return f"direction={interface(heard_on())} direction={interface(there)}"
