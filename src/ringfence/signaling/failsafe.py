"""The one place in a worker where an unexpected exception ends: the message is refused and an event tells.

Without this an exception drops a request without an answer, and in a branch or reply route lets the message pass.
"""

import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from ringfence.signaling.ports import ksr

Callback = Callable[..., int]
Report = Callable[[str, str], None]

DONE: Final = 1
NOT_DONE: Final = -1
"""What `core.cfg` takes for "no": the message is dropped, or goes the general way if it was found plain."""


def guarded(refuse: Callable[[], int], report: Report) -> Callable[[Callable[..., bool | None]], Callback]:
    """Wraps a callback of Kamailio: whatever it raises is reported with its place, then `refuse` fails closed."""

    def wrap(callback: Callable[..., bool | None]) -> Callback:
        @wraps(callback)
        def run(*args: Any) -> int:
            try:
                return NOT_DONE if callback(*args) is False else DONE
            except Exception as error:
                report(callback.__name__, _place(error))
                return refuse()

        return run

    return wrap


def refuse_request() -> int:
    ksr.reply(500, "Server Internal Error")
    return DONE


def drop_message() -> int:
    return NOT_DONE


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} at {frame.filename.rpartition('ringfence/')[2]}:{frame.lineno}"
