"""The journal's reserve: room on the disk that only it can use (docs/adr/0004)."""

import errno
from contextlib import closing
from pathlib import Path

import pytest

from ringfence.guard.health import room
from ringfence.hosts.room import Room
from ringfence.journal import layout, reserve
from ringfence.journal.reader import segments
from ringfence.journal.writer import JournalWriter
from ringfence.policy.events import Kind


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserve, "SEGMENT_BYTES", 1 << 16)
    monkeypatch.setattr("ringfence.journal.writer.SEGMENT_BYTES", 1 << 16)


@pytest.mark.usefixtures("small")
def test_the_reserve_takes_room_and_shows_no_bytes(tmp_path: Path) -> None:
    assert reserve.reserve(tmp_path)
    ready = layout.reserved(tmp_path)
    assert len(ready) == reserve.RESERVED_SEGMENTS
    for path in (*ready, layout.segment_path(tmp_path, 0)):
        found = path.stat()
        assert (found.st_size, found.st_blocks * 512 >= 1 << 16, found.st_mode & 0o777) == (0, True, 0o660)
    assert segments(tmp_path) == [0]


@pytest.mark.usefixtures("small")
def test_a_new_segment_is_taken_from_the_reserve_which_is_filled_up_again(tmp_path: Path) -> None:
    reserve.reserve(tmp_path)
    first = layout.reserved(tmp_path)[0].stat().st_ino
    layout.Head(tmp_path).turn_from(0)
    assert layout.segment_path(tmp_path, 1).stat().st_ino == first
    assert len(layout.reserved(tmp_path)) == reserve.RESERVED_SEGMENTS - 1
    assert reserve.reserve(tmp_path)
    assert len(layout.reserved(tmp_path)) == reserve.RESERVED_SEGMENTS


@pytest.mark.usefixtures("small")
def test_a_segment_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    reserve.reserve(tmp_path)
    layout.segment_path(tmp_path, 1).write_bytes(b"kept\n")
    layout.Head(tmp_path).turn_from(0)
    assert layout.segment_path(tmp_path, 1).read_bytes() == b"kept\n"


@pytest.mark.usefixtures("small")
def test_without_a_reserve_a_segment_begins_all_the_same(tmp_path: Path) -> None:
    with closing(JournalWriter(tmp_path)) as journal:
        layout.Head(tmp_path).turn_from(0)
        assert journal.append(Kind.CALL_ENDED, {"n": 1})
    assert segments(tmp_path) == [1]


def test_no_room_is_told_and_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _refusing(monkeypatch, errno.ENOSPC)
    assert not reserve.reserve(tmp_path)
    assert layout.reserved(tmp_path) == []
    assert list(tmp_path.glob("*.new")) == []
    assert "reserve is being used up" in room.shortage(tmp_path)


def test_a_filesystem_that_cannot_reserve_is_no_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _refusing(monkeypatch, errno.EOPNOTSUPP)
    assert reserve.reserve(tmp_path)


@pytest.mark.parametrize(("free", "whole", "low"), [(999, 100_000, True), (1_100, 100_000, False), (60, 1_000, False)])
def test_a_disk_is_low_below_a_gibibyte_or_a_twentieth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, whole: int, low: bool
) -> None:
    """In MiB."""
    monkeypatch.setattr(room, "reserve", lambda _: True)
    monkeypatch.setattr(room, "room_at", lambda _: Room(free << 20, whole << 20))
    said = room.shortage(tmp_path)
    assert bool(said) is low
    assert said == "" or f"Only {free} MiB" in said


def _refusing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def allocated(path: Path) -> None:
        path.touch()
        raise OSError(number, "refused")

    monkeypatch.setattr(reserve, "_allocated", allocated)


def test_a_disk_without_inodes_is_low_however_much_room_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 2: each new recording failed, and no alarm told of it."""
    monkeypatch.setattr(room, "reserve", lambda _: True)
    monkeypatch.setattr(room, "room_at", lambda _: Room(90 << 30, 100 << 30, files=12, all_files=65_536))
    assert "Only 12 more files fit on the disk" in room.shortage(tmp_path)
    monkeypatch.setattr(room, "room_at", lambda _: Room(90 << 30, 100 << 30, files=0, all_files=0))
    assert room.shortage(tmp_path) == "", "this file system does not count files"
