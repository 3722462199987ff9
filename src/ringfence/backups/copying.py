"""A whole copy of an SQLite database that others are writing."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

PASSING: Final = ".partial"
_WAL_HEAD: Final = 32
_TRIES: Final = 20


class NeverStill(OSError):
    """The database was rewritten each time it was read."""


@contextmanager
def copied(path: Path, scratch: Path) -> Iterator[Path]:
    """For the moment, in a directory closed to everybody else. Raises OSError or sqlite3.Error."""
    with tempfile.TemporaryDirectory(prefix="copy-", suffix=PASSING, dir=scratch) as folder:
        copy = Path(folder) / "copy.db"
        try:
            _by_sqlite(f"file:{path}?mode=ro", copy)
        except sqlite3.OperationalError:
            _by_hand(path, Path(folder) / "files.db")
            _by_sqlite(f"file:{Path(folder) / 'files.db'}", copy)
        yield copy


def _by_sqlite(source: str, target: Path) -> None:
    with closing(sqlite3.connect(source, uri=True, timeout=10.0)) as busy, closing(sqlite3.connect(target)) as quiet:
        busy.backup(quiet)


def _by_hand(path: Path, target: Path) -> None:
    """Where SQLite may not write beside the database, it cannot share a write-ahead log. The files still can be read.

    The database first, its log second: pages that a checkpoint wrote meanwhile are in the log as well, and SQLite puts
    the copy right. That fails only if the log was begun anew in between, which its head shows (its salts change).
    """
    log = path.with_name(f"{path.name}-wal")
    for _ in range(_TRIES):
        before = _state(path, log)
        shutil.copyfile(path, target)
        if log.exists():
            shutil.copyfile(log, target.with_name(f"{target.name}-wal"))
        if _state(path, log) == before:
            return
    raise NeverStill(f"{path} was rewritten each time it was read")


def _state(path: Path, log: Path) -> tuple[bytes, int]:
    """The head of the log; without one, when the database was last written."""
    try:
        with log.open("rb") as stream:
            head = stream.read(_WAL_HEAD)
    except FileNotFoundError:
        head = b""
    return head, 0 if head else path.stat().st_mtime_ns
