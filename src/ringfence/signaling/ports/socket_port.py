"""The part of the typed port to Kamailio that chooses sockets, beside `ksr.py` and by its rules."""

import KSR

from ringfence.signaling.ports.ksr import _yes, text


def links_of_this_core() -> str:
    """The table of links that the core's file holds; "" for none."""
    return text("$shv(links)")


def send_from(socket: str) -> bool:
    """The request at hand leaves from this socket; False if the core has none of that name."""
    return _yes(KSR.corex.set_send_socket(socket))


def sending_from() -> str:
    """The socket that was chosen for the request or branch at hand; "" where none was."""
    return text("$fs")
