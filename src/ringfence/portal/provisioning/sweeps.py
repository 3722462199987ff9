"""Counts directories that were guessed at, by address: a sweep closes provisioning for its source, never SIP."""

import threading
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 600.0
MOST_SOURCES: Final = 10_000


@dataclass(slots=True)
class Misses:
    """How many since `begun`; until `closed` the count alone refuses (monotonic seconds)."""

    begun: float
    count: int = 0
    closed: float = 0.0


class Sweeps:
    """The portal is one process, so its memory is enough; the ban itself is kept by the guard."""

    def __init__(self) -> None:
        self._sources: dict[str, Misses] = {}
        self._lock = threading.Lock()

    def miss(self, source: str, now: float) -> int:
        """How many there were within ten minutes, with this one."""
        with self._lock:
            if len(self._sources) >= MOST_SOURCES and source not in self._sources:
                self._forget_old(now)
            misses = self._sources.setdefault(source, Misses(now))
            if now - misses.begun > SECONDS:
                misses.begun, misses.count = now, 0
            misses.count += 1
            return misses.count

    def close(self, source: str, until: float, now: float) -> None:
        with self._lock:
            self._sources[source] = Misses(now, 0, until)

    def open(self, source: str) -> None:
        """The guard has it now, or will not have it: the count begins anew."""
        with self._lock:
            self._sources.pop(source, None)

    def is_closed(self, source: str, now: float) -> bool:
        with self._lock:
            misses = self._sources.get(source)
            return misses is not None and now < misses.closed

    def forget(self) -> None:
        with self._lock:
            self._sources.clear()

    def _forget_old(self, now: float) -> None:
        """Called with the lock held. What is over goes first, then the oldest half."""
        kept = {key: one for key, one in self._sources.items() if now < one.closed or now - one.begun <= SECONDS}
        for key in list(kept)[: max(0, len(kept) - MOST_SOURCES // 2)]:
            del kept[key]
        self._sources = kept


SWEEPS: Final = Sweeps()
