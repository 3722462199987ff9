"""A database in use is copied whole, also where SQLite itself may not write beside it."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from ringfence.backups import copying
from ringfence.backups.copying import NeverStill, copied


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE ban (number INTEGER, half TEXT)")
    return path


def unreadable(source: str, target: Path) -> None:
    """What SQLite says where it may not write beside the database."""
    if "mode=ro" in source:
        raise sqlite3.OperationalError("attempt to write a readonly database")
    with closing(sqlite3.connect(source, uri=True)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_is_only_in_the_log_is_copied(busy: Path, monkeypatch: pytest.MonkeyPatch, by_hand: bool) -> None:
    if by_hand:
        monkeypatch.setattr(copying, "_by_sqlite", unreadable)
    with closing(sqlite3.connect(busy, isolation_level=None)) as writer:
        writer.execute("INSERT INTO ban VALUES (1, 'a')")
        with copied(busy, busy.parent) as copy, closing(sqlite3.connect(copy)) as db:
            assert db.execute("SELECT number FROM ban").fetchall() == [(1,)]


def test_a_copy_by_hand_is_whole_under_writes_and_checkpoints(busy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transaction writes two rows of one number; no copy has one of them alone, and each passes SQLite's check."""
    monkeypatch.setattr(copying, "_by_sqlite", unreadable)
    ended = threading.Event()
    writer = threading.Thread(target=_write, args=(busy, ended))
    writer.start()
    try:
        for _ in range(10):
            with copied(busy, busy.parent) as copy, closing(sqlite3.connect(copy)) as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                halves = db.execute("SELECT count(*), count(DISTINCT number) FROM ban").fetchone()
                assert halves[0] == 2 * halves[1]
    finally:
        ended.set()
        writer.join()


def _write(path: Path, ended: threading.Event) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA wal_autocheckpoint=200")
        number = 0
        while not ended.is_set():
            number += 1
            db.execute("BEGIN")
            db.executemany("INSERT INTO ban VALUES (?, ?)", [(number, "a" * 400), (number, "b" * 400)])
            db.execute("COMMIT")


def test_one_that_never_stands_still_is_said_so(busy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_by_sqlite", unreadable)
    heads = iter(range(1000))
    monkeypatch.setattr(copying, "_state", lambda path, log: (b"", next(heads)))
    with pytest.raises(NeverStill), copied(busy, busy.parent):
        pass
