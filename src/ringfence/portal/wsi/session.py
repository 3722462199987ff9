"""One listener: admitted, told what it missed, then what happens, until it leaves or has to be sent away."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.server import ServerConnection

from ringfence.policy.people.subscriptions import Topic, told
from ringfence.portal.wsi.admission import Caller, Rights
from ringfence.portal.wsi.cursor import Cursor, Stream
from ringfence.portal.wsi.feed import Anew, Behind, Feed
from ringfence.portal.wsi.protocol import HEARTBEAT, Closing, SentAway
from ringfence.portal.wsi.sources import Item, Page
from ringfence.portal.wsi.wish import Wish

SEND_SECONDS: Final = 10.0
"""How long one message may wait for a listener that does not read."""


type ReadLedger = Callable[[int], Awaitable[Page]]
type ReadAudit = Callable[[int], Awaitable[Page]]


@dataclass(frozen=True, slots=True)
class Past:
    """How a listener reads what is no longer in the ring."""

    ledger: ReadLedger
    audit: ReadAudit


class Session:
    """An admitted listener."""

    def __init__(self, connection: ServerConnection, caller: Caller, rights: Rights, wish: Wish) -> None:
        self.connection = connection
        self.caller = caller
        self.rights = rights
        self._topics: tuple[Topic, ...] = wish.topics
        self._since = wish.since
        self._position = Cursor()

    async def run(self, feed: Feed, past: Past) -> None:
        """Until the connection ends. Raises SentAway."""
        generation = feed.generation
        await self._greet(feed, past)
        await self._catch_up(feed, past)
        heard_at = time.monotonic()
        while True:
            try:
                items = await feed.items_after(self._position, generation, HEARTBEAT)
            except Behind as error:
                raise SentAway(Closing.SLOW, "too slow: events you have not read yet are gone from memory") from error
            except Anew as error:
                raise SentAway(Closing.ANEW, "the ledger begins anew: subscribe without since") from error
            for item in items:
                heard_at = time.monotonic() if await self._tell(item) else heard_at
            if time.monotonic() - heard_at >= HEARTBEAT:
                heard_at = time.monotonic()
                await self._send({"type": "heartbeat", "cursor": str(self._position), "at": time.time()})

    async def _greet(self, feed: Feed, past: Past) -> None:
        gap = False
        self._position = feed.head
        if self._since is not None:
            ledger, audit = await past.ledger(self._since.ledger), await past.audit(self._since.audit)
            gap = _has_gap(self._since.ledger, ledger) or _has_gap(self._since.audit, audit)
            gap = gap or (Topic.REGISTRATIONS in self._topics and self._since.ledger < ledger.thinned)
            self._position = Cursor(_sane(self._since.ledger, ledger), _sane(self._since.audit, audit))
        await self._send(
            {
                "type": "subscribed",
                "topics": [str(topic) for topic in self._topics],
                "cursor": str(self._position),
                "gap": gap,
                "heartbeat": HEARTBEAT,
            }
        )

    async def _catch_up(self, feed: Feed, past: Past) -> None:
        """What has left the ring is read page by page, as fast as this listener takes it."""
        for stream, read in ((Stream.LEDGER, past.ledger), (Stream.AUDIT, past.audit)):
            while self._position.at(stream) < feed.begin.at(stream):
                page = await read(self._position.at(stream))
                for item in page.items:
                    await self._tell(item)
                self._position = self._position.moved(stream, page.after)

    async def _tell(self, item: Item) -> bool:
        """Sends an event if it is this listener's business; the position moves on in any case."""
        self._position = self._position.moved(item.stream, item.number)
        shown = told(item.kind, item.event, self.rights.listener, self._topics)
        if shown is None:
            return False
        await self._send({"type": "event", "id": str(self._position), "kind": item.kind, "at": item.at, "data": shown})
        return True

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            await asyncio.wait_for(self.connection.send(json.dumps(message, separators=(",", ":"))), SEND_SECONDS)
        except TimeoutError as error:
            raise SentAway(Closing.SLOW, f"too slow: a message waited {SEND_SECONDS:.0f} s") from error


def _has_gap(since: int, page: Page) -> bool:
    """Whether events between the two were deleted, or the numbers begin anew."""
    return since > page.last or (page.oldest > 0 and since < page.oldest - 1)


def _sane(since: int, page: Page) -> int:
    return since if since <= page.last else 0
