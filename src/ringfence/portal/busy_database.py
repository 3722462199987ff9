"""A database that somebody else writes to for long is said as such: whoever asked for a change comes again."""

import sqlite3
from typing import Final

from ringfence.portal.causes import causes
from ringfence.portal.problems import Unavailable

_SQLSTATE_LOCK_NOT_AVAILABLE: Final = "55P03"


class Busy(Unavailable):
    error_id = "storage.busy"
    title = "Another change takes long"

    def __init__(self) -> None:
        super().__init__(
            detail="Another change is still being written, an import for instance. Nothing was changed; try again."
        )


def is_busy(error: BaseException | None) -> bool:
    """Whether this, or what it was raised from, is a wait for somebody else's change that was given up."""
    return any(_says_busy(one) for one in causes(error))


def _says_busy(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    return getattr(error, "sqlstate", None) == _SQLSTATE_LOCK_NOT_AVAILABLE
