"""A connection to the event socket that may say little: listeners hear."""

import logging
import time
from typing import Any, Final

from websockets.asyncio.server import ServerConnection

MOST_SAID: Final = 12_288
"""Bytes: the request with its headers, a subscription, and pings."""

SAID_WITHIN: Final = 60.0

log = logging.getLogger(__name__)


class Listening(ServerConnection):
    """Ends when too much comes, unread: whoever sends a packet full of pings would keep all others waiting until each
    of those is answered.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._said, self._since = 0, time.monotonic()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if now - self._since > SAID_WITHIN:
            self._said, self._since = 0, now
        self._said += len(data)
        if self._said <= MOST_SAID:
            super().data_received(data)
        elif not self.transport.is_closing():
            log.info("a connection is cut: more than %d bytes came within %.0f s", MOST_SAID, SAID_WITHIN)
            self.transport.abort()
