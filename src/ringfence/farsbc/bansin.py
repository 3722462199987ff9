"""On the SBC's host: whom the core keeps out is kept out here, in this host's own kernel."""

import asyncio
import logging
from typing import Final

from ringfence.engines.edge.link import bans_side
from ringfence.farsbc.exchange import LONGEST_LINE, Desk, Exchange, ExchangeEnded
from ringfence.farsbc.tls import HANDSHAKE_SECONDS, client_context
from ringfence.hosts import ports
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import Sbc, read_sbc

AGAIN: Final = 1.0

log = logging.getLogger(__name__)


async def keep(paths: Paths, sbc: Sbc) -> None:
    """Connects for ever. What was told stays in force while nobody answers."""
    desk = Desk(paths.guard_socket, f"the core at {sbc.core}", rules=False)
    told = ""
    while True:
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                reader, writer = await asyncio.open_connection(
                    sbc.core, ports.LINK_OF_BANS, ssl=client_context(bans_side(paths.link)), limit=LONGEST_LINE,
                    local_addr=(sbc.here, 0), ssl_handshake_timeout=HANDSHAKE_SECONDS,
                )  # fmt: skip
            log.info("connected to the core's host")
            told = ""
            await Exchange(desk, reader, writer).run()
        except (OSError, TimeoutError, ExchangeEnded) as error:
            if str(error) != told:
                told = str(error)
                log.warning("not connected to the core's host: %s", error)
        await asyncio.sleep(AGAIN)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="bansin %(levelname)s %(message)s")
    paths = Paths.from_environment()
    asyncio.run(keep(paths, read_sbc(paths.sbc_switch)))


if __name__ == "__main__":
    main()
