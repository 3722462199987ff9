"""How the supervisor sees that a child is ready: its socket answers, or the kernel lists it."""

import asyncio
import secrets
import socket
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, Final

from ringfence.corelink import Core
from ringfence.hosts.listening import bound_ports
from ringfence.hosts.ports import Transport
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.transports import SipTransport, read_transports, usual

UDP_TABLES: Final = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
SILENT: Final = -2
"""Kamailio's level of logging that leaves its errors out; the templates name it too."""

_TIMEOUT: Final = 1.0
_LONGEST_ANSWER: Final = 2048


async def is_ready(probe: str) -> bool:
    """One try. `tcp:HOST:PORT` and `unix:PATH` connect; `udp:PORT` looks whether the port is bound, `sip:PATH`
    whether every transport of that file is, and `sbc:PATH` whether the SBC's are. `control:PATH` asks a SIP core over
    its control socket, `options:PORT` over SIP, on loopback: it binds its ports long before it serves them."""
    kind, _, rest = probe.partition(":")
    match kind:
        case "unix":
            return await _connects(asyncio.open_unix_connection(rest))
        case "tcp":
            host, _, port = rest.rpartition(":")
            return await _connects(asyncio.open_connection(host.strip("[]"), int(port)))
        case "udp":
            return udp_port_is_bound(int(rest))
        case "sip":
            return transports_are_bound(read_transports(Path(rest)))
        case "sbc":
            return transports_are_bound(read_sbc(Path(rest)).transports)
        case "control":
            return await asyncio.to_thread(Core(Path(rest)).ask, "core.version")
        case "options":
            return await asyncio.to_thread(answers_options, int(rest))
        case _:
            raise ValueError(f"unknown readiness probe {probe!r}")


def transports_are_bound(wanted: Iterable[SipTransport]) -> bool:
    """Whether something listens for each of them. One whose link is gone is not waited for; the core binds all or
    none."""
    bound = {carrier: bound_ports(carrier) for carrier in Transport}
    return all(one.port in bound[one.protocol.carrier] for one in usual(wanted))


def udp_port_is_bound(port: int) -> bool:
    wanted = f":{port:04X}"
    return any(
        line.split()[1].endswith(wanted)
        for table in UDP_TABLES
        if table.exists()
        for line in table.read_text(encoding="ascii").splitlines()[1:]
    )


async def hushed(control: str) -> bool:
    """Whether a SIP core was told to log nothing more of what it is sent: an attacker's packet buys no line."""
    return await asyncio.to_thread(Core(Path(control)).ask, "cfg.set_now_int", "core", "debug", SILENT)


def answers_options(port: int) -> bool:
    """Whatever it says: that it says something shows a worker with its Python."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.settimeout(_TIMEOUT)
        try:
            link.connect(("127.0.0.1", port))
            link.send(_options(port, link.getsockname()[1], secrets.token_hex(8)))
            return bool(link.recv(_LONGEST_ANSWER))
        except OSError:
            return False


def _options(port: int, own: int, tag: str) -> bytes:
    lines = (
        f"OPTIONS sip:127.0.0.1:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{tag}",
        "Max-Forwards: 1",
        f"From: <sip:127.0.0.1>;tag={tag}",
        "To: <sip:127.0.0.1>",
        f"Call-ID: {tag}",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _connects(connecting: Coroutine[Any, Any, tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> bool:
    try:
        _, writer = await asyncio.wait_for(connecting, _TIMEOUT)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
