"""Many calls wake the guard once for all within 20 ms, a single one at once; who asks hears of everything (ADR 4)."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ringfence.guard.control import ControlSocket
from ringfence.guard.daemon import Daemon
from ringfence.guard.doorbell import PROMISED
from ringfence.hosts.paths import Paths
from ringfence.journal.writer import JournalWriter
from ringfence.policy.events import Kind

from .workshop import guard

CALL = {"caller": "101@acme.example", "callee": "102@acme.example", "tenant_id": 1}
type Work = Callable[[Daemon, JournalWriter], Awaitable[None]]


def beside_a_guard(home: Path, work: Work) -> None:
    """The guard's bell hangs and its loop runs; nothing else of it does."""
    service = guard(home)
    paths = Paths(state=home, run=home)
    assert paths.journal == home / "journal"

    async def run() -> None:
        daemon = Daemon(paths, service, None)
        daemon._bell.hang()
        pen = JournalWriter(paths.journal, paths.doorbell)
        try:
            await work(daemon, pen)
        finally:
            pen.close()
            daemon._bell.close()
            daemon._notifier.close()

    asyncio.run(run())


async def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end, "not within 5 s"
        await asyncio.sleep(0.001)


def test_calls_close_together_are_read_by_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(daemon: Daemon, pen: JournalWriter) -> None:
        calls = daemon._service.parts.standing.calls
        rung: list[bytes] = []
        monkeypatch.setattr(pen, "tell", rung.append)
        daemon._bell._rung_at = time.monotonic()
        daemon._bell.note_ring()
        for number in range(50):
            pen.append(Kind.CALL_STARTED, {"call_id": str(number), **CALL})
        assert len(rung) < 50, "nobody rings while a look is promised"
        await until(lambda: len(calls) == 50)
        await until(lambda: daemon._bell.promised is None)

    beside_a_guard(tmp_path, work)


def test_a_call_alone_is_read_at_once(tmp_path: Path) -> None:
    async def work(daemon: Daemon, pen: JournalWriter) -> None:
        pen.append(Kind.CALL_STARTED, {"call_id": "1", **CALL})
        await until(lambda: len(daemon._service.parts.standing.calls) == 1)
        assert daemon._bell.promised is None, "there is nothing to wait for"

    beside_a_guard(tmp_path, work)


def test_a_promise_goes_on_while_there_is_something_to_read(tmp_path: Path) -> None:
    async def work(daemon: Daemon, pen: JournalWriter) -> None:
        daemon._bell.promise()
        pen.append(Kind.CALL_STARTED, {"call_id": "1", **CALL})
        await until(lambda: len(daemon._service.parts.standing.calls) == 1)
        first = daemon._bell.promised
        assert first is not None
        await until(lambda: daemon._bell.promised is None)

    assert 0 < PROMISED <= 0.02
    beside_a_guard(tmp_path, work)


def test_who_asks_hears_of_what_is_written_and_not_read_yet(tmp_path: Path) -> None:
    async def talk() -> list[str]:
        order: list[str] = []

        async def calls(_: object) -> str:
            order.append("answered")
            return ""

        control = ControlSocket(tmp_path / "s", {"calls": calls}, frozenset(), lambda: order.append("caught up"))
        await control.start()
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        writer.write(b'{"verb":"calls"}\n')
        assert json.loads(await reader.readline())["ok"]
        writer.close()
        await control.stop()
        return order

    assert asyncio.run(talk()) == ["caught up", "answered"]
