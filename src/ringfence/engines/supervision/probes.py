"""How the supervisor sees that a child is ready: its socket answers, or the kernel lists it."""

import asyncio
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, Final

from ringfence.hosts.listening import bound_ports
from ringfence.hosts.ports import Transport
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.transports import SipTransport, read_transports, usual

UDP_TABLES: Final = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
_TIMEOUT: Final = 1.0


async def is_ready(probe: str) -> bool:
    """One try. `tcp:HOST:PORT` and `unix:PATH` connect; `udp:PORT` looks whether the port is bound, `sip:PATH`
    whether every transport of that file is, and `sbc:PATH` whether the SBC's are."""
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


async def _connects(connecting: Coroutine[Any, Any, tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> bool:
    try:
        _, writer = await asyncio.wait_for(connecting, _TIMEOUT)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
