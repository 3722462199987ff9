"""One feed for all listeners: both streams are read once, and the newest events are kept in a ring of fixed size.

A listener has no queue of its own, only a place in the ring; who falls out of the ring has been too slow. So memory
does not grow with listeners.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Final

from django.db import DatabaseError

from ringfence.portal.problems import Refused
from ringfence.portal.wsi import sources
from ringfence.portal.wsi.cursor import Cursor, Stream
from ringfence.portal.wsi.sources import Item, Page

RING: Final = 4_096
LEDGER_WAIT: Final = 5.0
AUDIT_EVERY: Final = 0.5
PAUSE: Final = 1.0

log = logging.getLogger(__name__)


class Behind(Exception):
    """The listener needs events that have left the ring."""


class Anew(Exception):
    """The guard's ledger begins anew: positions in the old one mean nothing any more."""


class Feed:
    """The ring. Position N is the Nth event since the start of this process."""

    def __init__(self) -> None:
        self._ring: deque[Item] = deque(maxlen=RING)
        self._begin = Cursor()
        self.head = Cursor()
        self.generation = 0
        self._changed = asyncio.Event()
        self._guard: Executor = ThreadPoolExecutor(1, "guard")
        self._database: Executor = ThreadPoolExecutor(1, "audit")

    async def run(self, ready: asyncio.Event) -> None:
        """Reads both streams from now on, for ever."""
        await self._begin_now()
        ready.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow("guard", self._read_ledger))
            tasks.create_task(self._follow("audit log", self._read_audit))

    async def items_after(self, cursor: Cursor, generation: int, patience: float) -> list[Item]:
        """What follows a cursor, or nothing after `patience` seconds. Raises Behind or Anew."""
        if generation != self.generation:
            raise Anew
        if cursor.ledger < self._begin.ledger or cursor.audit < self._begin.audit:
            raise Behind
        found = self._newer(cursor)
        if not found:
            await self._await_change(patience)
            if generation != self.generation:
                raise Anew
            found = self._newer(cursor)
        return found

    @property
    def begin(self) -> Cursor:
        """The ring holds everything after this."""
        return self._begin

    def take(self, stream: Stream, page: Page) -> None:
        """Puts what was read into the ring and wakes the listeners."""
        for item in page.items:
            if len(self._ring) == RING:
                oldest = self._ring[0]
                self._begin = self._begin.moved(oldest.stream, oldest.number)
            self._ring.append(item)
        self.head = self.head.moved(stream, page.after)
        if page.items:
            self._wake()

    def _newer(self, cursor: Cursor) -> list[Item]:
        """From the newest backwards, so that a listener that keeps up looks at few."""
        seen = {stream for stream in Stream if cursor.at(stream) >= self.head.at(stream)}
        found: list[Item] = []
        for item in reversed(self._ring):
            if len(seen) == len(Stream):
                break
            if item.number > cursor.at(item.stream):
                found.append(item)
            else:
                seen.add(item.stream)
        return found[::-1]

    async def _begin_now(self) -> None:
        while True:
            try:
                self.head = self._begin = await self._in_thread(self._database, sources.present)
                return
            except (Refused, DatabaseError) as error:
                log.warning("events wait: %s", error)
                await asyncio.sleep(PAUSE)

    async def _follow(self, what: str, read: Callable[[], Awaitable[None]]) -> None:
        trouble = ""
        while True:
            try:
                await read()
            except (Refused, DatabaseError) as error:
                if trouble != str(error):
                    log.warning("%s waits: %s", what, error)
                trouble = str(error)
                await asyncio.sleep(PAUSE)
                continue
            if trouble:
                log.warning("%s flows again", what)
            trouble = ""

    async def _read_ledger(self) -> None:
        at = self.head.ledger
        page = await self._in_thread(self._guard, lambda: sources.ledger_page(at, LEDGER_WAIT))
        if page.last < at:
            self._start_anew()
        else:
            self.take(Stream.LEDGER, page)

    async def _read_audit(self) -> None:
        at = self.head.audit
        page = await self._in_thread(self._database, lambda: sources.audit_page(at))
        self.take(Stream.AUDIT, page)
        if not page.items:
            await asyncio.sleep(AUDIT_EVERY)

    def _start_anew(self) -> None:
        log.warning("the guard's ledger begins anew; every listener has to subscribe again")
        self._ring.clear()
        self.head = self.head.moved(Stream.LEDGER, 0)
        self._begin = self.head
        self.generation += 1
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _await_change(self, patience: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), patience)
        except TimeoutError:
            return

    async def _in_thread[T](self, threads: Executor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, work)
