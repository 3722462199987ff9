"""On the SBC's host: shows what the core's host says, and opens the doors that are open there. As the web server's own
account: it can do nothing that this could not, but read and replace what the SBC shows.
"""

import asyncio
import json
import logging
from dataclasses import replace
from typing import Final

from ringfence.engines.certificates.pairs import Origin, make_current, store_pair
from ringfence.engines.changing.takingover import begin_sbc_anew, sbc_takes_over
from ringfence.engines.changing.webaccess import have_nginx_read
from ringfence.engines.edge.link import web_side
from ringfence.engines.edge.sbcfront import forget_former, front_in_force, put_front
from ringfence.engines.files import sbc_tls_file, web_file
from ringfence.engines.install import EngineRefused, install
from ringfence.engines.listeners import read_web_access, write_web_access
from ringfence.engines.system import System, this_system
from ringfence.farsbc.carried import LONGEST_LINE, SILENCE, Carried
from ringfence.farsbc.tls import HANDSHAKE_SECONDS, client_context
from ringfence.hosts import ports

AGAIN: Final = 1.0
NONSENSE: Final = (ValueError, KeyError, TypeError, AttributeError)
"""What is no sentence of the core's host."""

log = logging.getLogger(__name__)


def take(system: System, told: Carried) -> None:
    """What it is already changes nothing. Raises EngineRefused; then the SBC shows what it showed before."""
    pair_changed = _take_pair(system, told)
    _take_front(system, told, pair_changed)
    _take_doors(system, told)


def _take_pair(system: System, told: Carried) -> bool:
    paths = system.paths
    if told.pair is None or tuple(_now(system)) == told.pair:
        return False
    chain, key = told.pair
    make_current(paths, store_pair(paths, Origin.BROUGHT, chain.encode(), key.encode()))
    log.info("another certificate of the system is shown")
    return True


def _now(system: System) -> tuple[str, str]:
    return system.paths.web_certificate.read_text(), system.paths.web_key.read_text()


def _take_front(system: System, told: Carried, pair_changed: bool) -> None:
    paths, before = system.paths, front_in_force(system.paths)
    if told.front == before and not pair_changed:
        return
    put_front(paths, told.front)
    file = sbc_tls_file(system, account="")
    try:
        if not install([file], lambda: "" if sbc_takes_over(system) else "the SBC did not take it"):
            sbc_takes_over(system)
    except EngineRefused:
        put_front(paths, before)
        raise
    finally:
        forget_former(paths)
    log.info("shown to those outside: certificates of %d domains", len(told.front.pairs))
    if told.front.clients is not before.clients:
        begin_sbc_anew(system)


def _take_doors(system: System, told: Carried) -> None:
    paths = system.paths
    now = read_web_access(paths)
    wanted = replace(now, hsts=told.hsts, sbc_provisioning_http=told.provisioning_http)
    if install([web_file(replace(system, web=wanted), account="")], lambda: "") or wanted != now:
        write_web_access(paths.web_access, wanted)
        have_nginx_read(paths)


async def keep(system: System) -> None:
    """Connects for ever. What was told stays in force while nobody answers."""
    sbc, complaint = system.sbc, ""
    while True:
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                reader, writer = await asyncio.open_connection(
                    sbc.core, ports.LINK_OF_FRONT, ssl=client_context(web_side(system.paths.link)), limit=LONGEST_LINE,
                    local_addr=(sbc.here, 0), ssl_handshake_timeout=HANDSHAKE_SECONDS,
                )  # fmt: skip
            log.info("connected to the core's host")
            complaint = ""
            try:
                await hear(system, reader)
            finally:
                writer.close()
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, *NONSENSE, EngineRefused) as error:
            if str(error) != complaint:
                complaint = str(error)
                log.warning("not as the core's host has it: %s", str(error) or type(error).__name__)
        await asyncio.sleep(AGAIN)


async def hear(system: System, reader: asyncio.StreamReader) -> None:
    """Until the connection breaks or says nonsense."""
    while True:
        async with asyncio.timeout(SILENCE):
            line = await reader.readuntil(b"\n")
        if told := json.loads(line):
            await asyncio.to_thread(take, system, Carried.from_plain(told))


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="frontin %(levelname)s %(message)s")
    asyncio.run(keep(this_system()))


if __name__ == "__main__":
    main()
