"""On the core's host: hears the SBC's host, and nobody else, about bans, and tells it the core's own."""

import asyncio
import logging

from ringfence.engines.link import bans_side
from ringfence.farsbc.exchange import LONGEST_LINE, Desk, Exchange, ExchangeEnded
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
            self._serve, self._sbc.link_here, ports.LINK_OF_BANS, ssl=server_context(bans_side(self._paths.link)),
            limit=LONGEST_LINE, ssl_handshake_timeout=HANDSHAKE_SECONDS,
        )  # fmt: skip
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._serving is not None:
            self._serving.cancel()
        self._serving = asyncio.current_task()
        desk = Desk(self._paths.guard_socket, f"the SBC at {self._sbc.far}", rules=True)
        log.info("the SBC's host is connected")
        try:
            await Exchange(desk, reader, writer).run()
        except ExchangeEnded as end:
            log.warning("the SBC's host is not connected: %s", end)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="bansout %(levelname)s %(message)s")
    paths = Paths.from_environment()
    asyncio.run(Server(paths, read_sbc(paths.sbc_switch)).run())


if __name__ == "__main__":
    main()
