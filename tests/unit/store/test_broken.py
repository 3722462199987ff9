"""A store that cannot be read is made anew; issue 2: a broken store never keeps the system from working."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.book import Book, Subscriber
from ringfence.store.bans import BanReader, BanWriter, since_boot
from ringfence.store.broken import mend, mend_apart
from ringfence.store.layout import TABLES
from ringfence.store.writer import PolicyWriter

type Harm = Callable[[Path], None]
type Mending = Callable[[Path, tuple[bytes, ...]], str]
PAGE = 4096
HEADERS = 2 * PAGE


def filled(folder: Path) -> Path:
    store = PolicyWriter(folder)
    numbers = range(100, 900)
    store.publish(Book(), [Subscriber(f"{n}@acme.example", 1, n, "User", True, "Ann", "x", "y") for n in numbers])
    store.close()
    return folder / "data.mdb"


def scribbled(data: Path) -> None:
    data.write_bytes(data.read_bytes()[:HEADERS] + b"\xa5" * (data.stat().st_size - HEADERS))


def cut(data: Path) -> None:
    data.write_bytes(data.read_bytes()[: HEADERS + PAGE])


def overwritten(data: Path) -> None:
    data.write_bytes(b"no database" * PAGE)


@pytest.mark.parametrize("harm", [scribbled, cut, overwritten])
@pytest.mark.parametrize("mending", [mend, mend_apart])
def test_a_broken_policy_store_is_set_aside_and_made_anew(tmp_path: Path, mending: Mending, harm: Harm) -> None:
    """Attack case 124: it once kept the system from ever starting again, though the database has all of it."""
    data = filled(tmp_path)
    harm(data)
    assert mending(tmp_path, TABLES)
    assert (tmp_path / "data.mdb.broken").exists()
    filled(tmp_path)
    assert mending(tmp_path, TABLES) == ""


def test_a_whole_one_stays(tmp_path: Path) -> None:
    assert mend(tmp_path, TABLES) == mend_apart(tmp_path, TABLES) == ""
    before = filled(tmp_path).read_bytes()
    assert mend(tmp_path, TABLES) == mend_apart(tmp_path, TABLES) == ""
    assert (tmp_path / "data.mdb").read_bytes() == before


def test_a_broken_list_of_bans_keeps_no_guard_from_starting(tmp_path: Path) -> None:
    """Attack case 61: it is not synced, so a power cut may leave anything behind."""
    first = BanWriter(tmp_path)
    first.put("192.0.2.66", since_boot() + 100)
    first.close()
    scribbled(tmp_path / "data.mdb")
    second = BanWriter(tmp_path)
    second.put("192.0.2.67", since_boot() + 100)
    second.close()
    assert BanReader(tmp_path).is_banned("192.0.2.67", since_boot())
