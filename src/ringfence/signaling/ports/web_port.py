"""The port to Kamailio for connections, HTTP and WebSockets, beside `ksr.py` and by its rules."""

import KSR

from ringfence.signaling.ports.ksr import _yes


def refuse_web(code: int, reason: str) -> None:
    """Answers an HTTP request."""
    KSR.xhttp.xhttp_reply(code, reason, "", "")


def open_web_socket() -> bool:
    """Whether the HTTP request became a WebSocket (RFC 6455)."""
    return _yes(KSR.websocket.handle_handshake())


def keep_connection(seconds: int) -> None:
    """How long the connection this message came over may be silent from now on."""
    KSR.tcpops.tcp_set_connection_lifetime(seconds)


def is_open(other_end: str) -> bool:
    """Whether there is a connection with this `address:port`."""
    return _yes(KSR.tcpops.tcp_get_conid(other_end, "$var(connection)"))
