"""Ends a conversation that takes too long: whoever answers a byte at a time keeps each single step short."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

AGAIN: Final = 1.0
"""Seconds. The socket may be changing hands at that moment, from plain to TLS; so it is tried until the end."""


@contextmanager
def hung_up_after(seconds: float, link: Callable[[], socket.socket | None]) -> Iterator[threading.Event]:
    """The conversation within may last so long; then whoever reads from `link` finds its end, and the event is set."""
    over, cut = threading.Event(), threading.Event()
    watch = threading.Thread(target=_watch, args=(over, cut, seconds, link), name="hangup", daemon=True)
    watch.start()
    try:
        yield cut
    finally:
        over.set()
        watch.join()


def _watch(
    over: threading.Event, cut: threading.Event, seconds: float, link: Callable[[], socket.socket | None]
) -> None:
    while not over.wait(seconds):
        cut.set()
        _hang_up(link())
        seconds = AGAIN


def _hang_up(link: socket.socket | None) -> None:
    """Below TLS: its own farewell would wait for the other side."""
    if link is None:
        return
    with suppress(OSError):
        socket.socket.shutdown(link, socket.SHUT_RDWR)
