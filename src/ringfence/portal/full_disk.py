"""A full disk is said as such: whoever asked for a change shall make room, not look for a fault."""

import sqlite3
from typing import Final

from ringfence.hosts.room import NO_ROOM
from ringfence.portal.causes import causes
from ringfence.portal.problems import Refused

_SQLSTATE_DISK_FULL: Final = "53100"


class NoRoom(Refused):
    status = 507
    error_id = "storage.full"
    title = "The disk is full"

    def __init__(self) -> None:
        super().__init__(detail="There is no room on the disk, so nothing was changed. Make room and try again.")


def is_full(error: BaseException | None) -> bool:
    """Whether this, or what it was raised from, is a disk without room: SQLite, PostgreSQL or a file."""
    return any(_says_full(one) for one in causes(error))


def _says_full(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    return getattr(error, "sqlstate", None) == _SQLSTATE_DISK_FULL
