"""The one place in a worker where an unexpected exception ends: the message is refused and an event tells.

Without this an exception drops a request without an answer, and in a branch or reply route lets the message pass.
"""

import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from ringfence.signaling import ksr

Callback = Callable[..., int]
Report = Callable[[str, str], None]

DONE: Final = 1


def guarded(refuse: Callable[[], None], report: Report) -> Callable[[Callable[..., None]], Callback]:
    """Wraps a callback of Kamailio: whatever it raises is reported with its place, then `refuse` fails closed."""

    def wrap(callback: Callable[..., None]) -> Callback:
        @wraps(callback)
        def run(*args: Any) -> int:
            try:
                callback(*args)
            except Exception as error:
                report(callback.__name__, _place(error))
                refuse()
            return DONE

        return run

    return wrap


def refuse_request() -> None:
    ksr.reply(500, "Server Internal Error")


def drop_message() -> None:
    ksr.drop()


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} at {frame.filename.rpartition('ringfence/')[2]}:{frame.lineno}"
