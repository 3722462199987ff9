"""A port on the core's host for the SBC's host alone."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ringfence.farsbc.exchange import ExchangeEnded
from ringfence.farsbc.tls import HANDSHAKE_SECONDS

log = logging.getLogger(__name__)

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Door:
    """One connection at a time: a new one ends the one before, which may hang in a network that is gone."""

    serve: Serve
    longest_line: int
    _serving: asyncio.Task[None] | None = None

    async def open(self, address: str, port: int, context: ssl.SSLContext) -> None:
        """Lets them in, for ever. Raises OSError where nobody can listen."""
        server = await asyncio.start_server(
            self._let_in, address, port, ssl=context, limit=self.longest_line, ssl_handshake_timeout=HANDSHAKE_SECONDS
        )
        await server.serve_forever()

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._serving is not None:
            self._serving.cancel()
        self._serving = asyncio.current_task()
        log.info("the SBC's host is connected")
        try:
            await self.serve(reader, writer)
        except (OSError, TimeoutError, ExchangeEnded) as end:
            log.warning("the SBC's host is not connected: %s", str(end) or type(end).__name__)
        finally:
            writer.close()
