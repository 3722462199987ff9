"""On the core's host: hears the SBC's host, and nobody else, about bans, and tells it the core's own."""

import asyncio
import logging

from ringfence.engines.edge.link import bans_side
from ringfence.farsbc.door import Door
from ringfence.farsbc.exchange import LONGEST_LINE, Desk, Exchange
from ringfence.farsbc.tls import server_context
from ringfence.hosts import ports
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import read_sbc


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="bansout %(levelname)s %(message)s")
    paths = Paths.from_environment()
    sbc = read_sbc(paths.sbc_switch)

    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        desk = Desk(paths.guard_socket, f"the SBC at {sbc.far}", rules=True)
        await Exchange(desk, reader, writer).run()

    door = Door(exchange, LONGEST_LINE)
    asyncio.run(door.open(sbc.link_here, ports.LINK_OF_BANS, server_context(bans_side(paths.link))))


if __name__ == "__main__":
    main()
