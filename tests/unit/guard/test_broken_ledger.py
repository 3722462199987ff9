"""A ledger that cannot be read: the guard begins a new one, says so, and takes in again what the journal tells."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.guard.clock import moment
from ringfence.guard.ledger import Ledger

from .workshop import SOURCE, failure, guard, write_journal

PAGE = 4096


def scribbled(data: Path) -> None:
    data.write_bytes(data.read_bytes()[:PAGE] + b"\xa5" * (data.stat().st_size - PAGE))


def no_database(data: Path) -> None:
    data.write_bytes(b"no database" * PAGE)


@pytest.mark.parametrize("harm", [scribbled, no_database])
def test_a_guard_whose_ledger_is_broken_works_again(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """Issue 2, the ledger, and attack case 67: it once ended at each start, and nobody was banned any more."""
    path = tmp_path / "guard" / "ledger.db"
    first = guard(tmp_path)
    first.commit()
    first.parts.ledger.close()
    for left in path.parent.glob("ledger.db-*"):
        left.unlink()
    harm(path)
    write_journal(tmp_path, *(failure() for _ in range(50)))
    second = guard(tmp_path)
    assert [alarm["id"] for alarm in second.parts.alarms.listing() if "ledger" in alarm["id"]] == ["ledger.broken"]
    second.consume()
    second.commit()
    assert SOURCE in second.parts.bans
    assert path.with_name("ledger.db.broken").exists()
    third = guard(tmp_path)
    assert SOURCE in third.parts.bans
    assert not [alarm for alarm in third.parts.alarms.listing() if "ledger" in alarm["id"]]
    assert third.parts.bans.lift(SOURCE, moment(), "me", "test")


def test_a_locked_ledger_is_not_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk or another hand on the file says nothing about what is in it."""
    Ledger(tmp_path / "ledger.db").close()

    def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(Ledger, "_open", locked)
    with pytest.raises(sqlite3.OperationalError):
        Ledger(tmp_path / "ledger.db")
    assert not (tmp_path / "ledger.db.broken").exists()
