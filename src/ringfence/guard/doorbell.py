"""The guard's doorbell: writers of the journal ring it for what cannot wait, and bring the tallies of their workers."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ringfence.guard.control import share
from ringfence.journal.layout import LOOK_WITHIN
from ringfence.journal.reader import JournalReader

PROMISED: Final = LOOK_WITHIN / 1e9
"""Seconds to the look that was promised."""

MOST_RINGS: Final = 1_000
LONGEST_DATAGRAM: Final = 1 << 17
JOURNAL_GROUP: Final = "ringfence-journal"


class Doorbell:
    """`hear` takes the tallies, `look` reads what is written. Rings that come close together are answered by one look
    that is promised in the journal's head: until then nobody rings for what can wait (docs/adr/0004).
    """

    def __init__(
        self, path: Path, reader: JournalReader, hear: Callable[[list[bytes]], None], look: Callable[[], None]
    ) -> None:
        self._path, self._reader, self._hear, self._look = path, reader, hear, look
        self._bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self._rung_at = 0.0
        self.promised: asyncio.TimerHandle | None = None

    def hang(self) -> None:
        """From now on the running loop answers."""
        self._path.unlink(missing_ok=True)
        self._bell.bind(str(self._path))
        share(self._path, JOURNAL_GROUP)
        asyncio.get_running_loop().add_reader(self._bell, self._answer)

    def _answer(self) -> None:
        tallies = []
        with suppress(BlockingIOError):
            for _ in range(MOST_RINGS):
                heard = self._bell.recv(LONGEST_DATAGRAM)
                if len(heard) > 1:
                    tallies.append(heard)
        if tallies:
            self._hear(tallies)
        self._look()
        self.note_ring()

    def note_ring(self) -> None:
        """Promises a look if the ring before this one was a moment ago."""
        now = time.monotonic()
        is_busy, self._rung_at = now - self._rung_at < PROMISED, now
        if is_busy and self.promised is None:
            self.promise()

    def promise(self) -> None:
        self._reader.promise_look()
        self.promised = asyncio.get_running_loop().call_later(PROMISED, self._keep)

    def _keep(self) -> None:
        """The look that was promised; as long as it finds something, the next one is."""
        self.promised = None
        read_to = self._reader.checkpoint
        self._look()
        if self._reader.checkpoint != read_to:
            self.promise()

    def take_down(self) -> None:
        if self.promised is not None:
            self.promised.cancel()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Of a bell that nobody answers any more."""
        asyncio.get_running_loop().remove_reader(self._bell)
        self._bell.close()
