"""When a worker wakes the guard (docs/adr/0004, performance.md: a wake-up costs more than what it tells)."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.journal import writer
from ringfence.journal.writer import JournalWriter
from ringfence.policy.events import Kind


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as hung:
        hung.bind(str(tmp_path / "bell"))
        yield hung


@pytest.fixture
def journal(bell: socket.socket, tmp_path: Path) -> Iterator[JournalWriter]:
    opened = JournalWriter(tmp_path, tmp_path / "bell")
    yield opened
    opened.close()


def rings(bell: socket.socket) -> int:
    heard = 0
    while True:
        try:
            bell.recv(16)
        except BlockingIOError:
            return heard
        heard += 1


def test_what_a_call_tells_is_rung_once(bell: socket.socket, journal: JournalWriter) -> None:
    """Reference "Maximum Concurrent Call Limits": live calls follow at once, but many share a wake-up."""
    for kind in (Kind.CALL_STARTED, Kind.CALL_ANSWERED, Kind.CALL_ENDED):
        assert journal.append(kind, {})
    assert rings(bell) == 1


def test_a_later_call_is_rung_again(
    bell: socket.socket, journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reference "Maximum Concurrent Call Limits"."""
    journal.append(Kind.CALL_STARTED, {})
    monkeypatch.setattr(writer, "JUST_RUNG", 0.0)
    journal.append(Kind.CALL_ANSWERED, {})
    assert rings(bell) == 2


def test_an_attack_always_rings(bell: socket.socket, journal: JournalWriter) -> None:
    """Reference "Failed Authentication Protection": the ban may not wait for anything."""
    for _ in range(3):
        journal.append(Kind.CALL_STARTED, {})
        journal.append(Kind.AUTH_FAILED, {})
    assert rings(bell) == 4
