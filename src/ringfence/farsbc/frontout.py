"""On the core's host: tells the SBC's host, and nobody else, which certificates to show. As the core's own account,
which has them; nothing that is heard is read.
"""

import asyncio
import json
import logging

from ringfence.engines.link import core_side
from ringfence.farsbc.carried import HEARTBEAT, LONGEST_LINE, SILENCE, carried
from ringfence.farsbc.tls import HANDSHAKE_SECONDS, server_context
from ringfence.hosts import ports
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import Sbc, read_sbc

log = logging.getLogger(__name__)


class Server:
    """One connection at a time: a new one ends the one before, which may hang in a network that is gone."""

    def __init__(self, paths: Paths, sbc: Sbc) -> None:
        self._paths, self._sbc = paths, sbc
        self._serving: asyncio.Task[None] | None = None

    async def run(self) -> None:
        server = await asyncio.start_server(
            self._serve, self._sbc.link_here, ports.LINK_OF_FRONT, ssl=server_context(core_side(self._paths.link)),
            limit=LONGEST_LINE, ssl_handshake_timeout=HANDSHAKE_SECONDS,
        )  # fmt: skip
        await server.serve_forever()

    async def _serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._serving is not None:
            self._serving.cancel()
        self._serving = asyncio.current_task()
        log.info("the SBC's host is connected")
        try:
            await tell(self._paths, writer)
        except (OSError, TimeoutError) as error:
            log.warning("the SBC's host is not connected: %s", error or type(error).__name__)
        finally:
            writer.close()


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
    asyncio.run(Server(paths, read_sbc(paths.sbc_switch)).run())


if __name__ == "__main__":
    main()
