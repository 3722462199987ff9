"""Writes each notice as one line of JSON to a log collector (RFC 5424), for a SIEM."""

import json
import socket
import ssl
from contextlib import closing
from typing import Any, Final

from ringfence.portal.notices.hangup import hung_up_after
from ringfence.portal.notices.means import TIMEOUT, TROUBLES, Batch, LogTransport, NotDelivered, Syslog

FACILITY: Final = 10
"""Security and authorization messages (RFC 5424, table 1)."""

SEVERITIES: Final = {"alarm.raised": 1, "ban.storm": 1, "ban.added": 4, "policy.broken": 3, "engine.exception": 3}
NOTICE: Final = 5
LONGEST: Final = 2048
"""RFC 5424 6.1: a collector should take messages of 2048 octets; what is longer goes without its details."""

LONGEST_FAREWELL: Final = 3 * TIMEOUT
"""Seconds for all of it. A collector that says something again and again, and never closes, has not confirmed."""

DEV_LOG: Final = "/dev/log"


def send(syslog: Syslog, batch: Batch) -> None:
    """Raises NotDelivered."""
    try:
        match syslog.transport:
            case LogTransport.LOCAL:
                _to_socket([_local(body) for body in batch.bodies])
            case LogTransport.UDP:
                _to_datagrams(syslog, [line(body) for body in batch.bodies])
            case LogTransport.TCP | LogTransport.TLS:
                _to_stream(syslog, [line(body) for body in batch.bodies])
    except TROUBLES as error:
        place = DEV_LOG if syslog.transport is LogTransport.LOCAL else f"{syslog.host}:{syslog.port}"
        raise NotDelivered(f"The log collector at {place} did not take it: {error}") from error


def line(body: dict[str, Any]) -> bytes:
    """One message. JSON escapes every control character, so no name can begin a line of its own."""
    kind = str(body["kind"])
    return f"<{_priority(kind)}>1 {body['time']} {_host()} ringfence - {kind} - {_compact(body)}".encode()


def _local(body: dict[str, Any]) -> bytes:
    """What local daemons expect (RFC 3164); they add time and host themselves."""
    return f"<{_priority(str(body['kind']))}>ringfence: {_compact(body)}".encode()


def _priority(kind: str) -> int:
    return FACILITY * 8 + SEVERITIES.get(kind, NOTICE)


def _host() -> str:
    """RFC 5424 6.2.4: printable, without blanks."""
    name = "".join(char for char in socket.gethostname() if "!" <= char <= "~")
    return name[:255] or "-"


def _compact(body: dict[str, Any]) -> str:
    whole = json.dumps(body, separators=(",", ":"))
    if len(whole) <= LONGEST:
        return whole
    event = {
        name: value[:200] if isinstance(value, str) else value
        for name, value in body["event"].items()
        if isinstance(value, str | int | float)
    }
    shortened = {**body, "summary": str(body["summary"])[:300], "event": event, "shortened": True}
    text = json.dumps(shortened, separators=(",", ":"))
    return text if len(text) <= LONGEST else json.dumps({**shortened, "event": {}}, separators=(",", ":"))


def _to_socket(lines: list[bytes]) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as link:
        link.settimeout(TIMEOUT)
        link.connect(DEV_LOG)
        for text in lines:
            link.send(text)


def _to_datagrams(syslog: Syslog, lines: list[bytes]) -> None:
    family, _, _, _, place = socket.getaddrinfo(syslog.host, syslog.port, type=socket.SOCK_DGRAM)[0]
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as link:
        link.connect(place)
        for text in lines:
            link.send(text)


def _to_stream(syslog: Syslog, lines: list[bytes]) -> None:
    """Octet counting (RFC 6587 3.4.1, RFC 5425 4.3): a message is as long as it says."""
    with closing(_connected(syslog)) as link, hung_up_after(LONGEST_FAREWELL, lambda: link) as cut:
        link.sendall(b"".join(b"%d %s" % (len(text), text) for text in lines))
        link.shutdown(socket.SHUT_WR)
        while link.recv(1024):  # a collector that closes has read everything; one that resets has not
            continue
        if cut.is_set():
            raise TimeoutError("it goes on answering and does not close")


def _connected(syslog: Syslog) -> socket.socket:
    link = socket.create_connection((syslog.host, syslog.port), TIMEOUT)
    if syslog.transport is not LogTransport.TLS:
        return link
    with link:  # once it is wrapped, the socket below is no longer its owner and closing it does nothing
        return ssl.create_default_context().wrap_socket(link, server_hostname=syslog.host)
