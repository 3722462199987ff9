"""Who writes what can wait rings nobody while a look is promised; what cannot wait is rung for all the same (ADR 4)."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ringfence.journal import layout
from ringfence.journal.reader import JournalReader
from ringfence.journal.writer import JournalWriter
from ringfence.policy.events import PATIENT, URGENT, Kind


@pytest.fixture(name="bell")
def _bell(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as bell:
        bell.bind(str(tmp_path / "bell"))
        yield bell


def rings(bell: socket.socket, folder: Path, kind: Kind, *, at_once: bool = False) -> bool:
    with closing(JournalWriter(folder, folder / "bell")) as pen:
        assert pen.append(kind, {"call_id": "1"}, at_once=at_once)
    try:
        return bool(bell.recv(10))
    except BlockingIOError:
        return False


def promise(folder: Path, since: float = 0.0) -> None:
    """A look promised so many seconds ago."""
    layout.Head(folder).promise_look(time.monotonic_ns() - int(since * 1e9))


@pytest.fixture(name="patiently")
def _patiently(monkeypatch: pytest.MonkeyPatch) -> None:
    """A promise that outlasts a slow machine."""
    monkeypatch.setattr(layout, "LOOK_WITHIN", 60_000_000_000)


@pytest.mark.usefixtures("patiently")
def test_what_can_wait_rings_only_without_a_promise(tmp_path: Path, bell: socket.socket) -> None:
    assert all(rings(bell, tmp_path, kind) for kind in PATIENT)
    with closing(JournalReader(tmp_path)) as journal:
        journal.promise_look()
    assert not any(rings(bell, tmp_path, kind) for kind in PATIENT)


@pytest.mark.usefixtures("patiently")
def test_what_cannot_wait_rings_all_the_same(tmp_path: Path, bell: socket.socket) -> None:
    promise(tmp_path)
    assert all(rings(bell, tmp_path, kind) for kind in URGENT - PATIENT)
    assert rings(bell, tmp_path, Kind.CALL_STARTED, at_once=True)


def test_nothing_that_bans_or_admits_can_wait() -> None:
    """A guess at a password is judged at once (attack case 1), and a call's addresses are admitted before its audio."""
    assert PATIENT < URGENT
    assert not PATIENT & {Kind.AUTH_FAILED, Kind.CALL_MEDIA_NAMED, Kind.CALL_FORWARDED, Kind.CALL_EMERGENCY}


def test_a_promise_that_is_over_or_of_another_boot_is_none(tmp_path: Path, bell: socket.socket) -> None:
    promise(tmp_path, since=1.0)
    assert rings(bell, tmp_path, Kind.CALL_ENDED)
    promise(tmp_path, since=-3600.0)
    assert rings(bell, tmp_path, Kind.CALL_ENDED)


def test_a_head_from_before_is_made_longer(tmp_path: Path) -> None:
    (tmp_path / "head").write_bytes((7).to_bytes(8, "little") + bytes(16))
    head = layout.Head(tmp_path)
    assert (head.segment, head.is_look_promised(time.monotonic_ns())) == (7, False)
