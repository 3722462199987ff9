"""Work that may take its time beside work that may not."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connections


class Aside:
    """One piece of work at a time, in a thread; each call says what the last one came to, or raises what it raised."""

    def __init__(self, work: Callable[[], int]) -> None:
        self._work = work
        self._threads = ThreadPoolExecutor(1, "aside")
        self._running: Future[int] | None = None

    def __call__(self) -> int:
        if self._running is not None and not self._running.done():
            return 0
        ended, self._running = self._running, self._threads.submit(self._in_thread)
        return ended.result() if ended else 0

    def _in_thread(self) -> int:
        try:
            return self._work()
        finally:
            connections.close_all()
