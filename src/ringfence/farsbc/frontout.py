"""On the core's host: tells the SBC's host, and nobody else, which certificates to show. As the core's own account,
which has them; nothing that is heard is read.
"""

import asyncio
import json
import logging

from ringfence.engines.edge.link import core_side
from ringfence.farsbc.carried import HEARTBEAT, LONGEST_LINE, SILENCE, carried
from ringfence.farsbc.door import Door
from ringfence.farsbc.tls import server_context
from ringfence.hosts import ports
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import read_sbc


async def tell(paths: Paths, writer: asyncio.StreamWriter) -> None:
    """What is in force, once more whenever it is another, and between that a sign of life. Raises OSError and
    TimeoutError when nobody takes it."""
    told = ""
    while True:
        now = json.dumps((await asyncio.to_thread(carried, paths)).plain())
        writer.write((now if now != told else "{}").encode() + b"\n")
        told = now
        async with asyncio.timeout(SILENCE):
            await writer.drain()
        await asyncio.sleep(HEARTBEAT)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="frontout %(levelname)s %(message)s")
    paths = Paths.from_environment()
    door = Door(lambda _, writer: tell(paths, writer), LONGEST_LINE)
    here = read_sbc(paths.sbc_switch).link_here
    asyncio.run(door.open(here, ports.LINK_OF_FRONT, server_context(core_side(paths.link))))


if __name__ == "__main__":
    main()
