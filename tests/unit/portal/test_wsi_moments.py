"""The event socket at awkward moments: let in during a look at the tokens, sent away beside the slow, an entry that is
written between two questions."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any, cast

import pytest
from django.db import connection
from websockets.asyncio.client import unix_connect
from websockets.asyncio.server import unix_serve

from ringfence.policy.people.subscriptions import Listener, Topic
from ringfence.portal.actor import shell_actor
from ringfence.portal.audit.chain import append
from ringfence.portal.wsi import server, sources
from ringfence.portal.wsi.admission import Caller, Rights
from ringfence.portal.wsi.protocol import Closing
from ringfence.portal.wsi.server import Server
from ringfence.portal.wsi.session import Session
from ringfence.portal.wsi.wish import Wish
from tests.unit.portal.rest import Site

pytestmark = pytest.mark.unit

EVERYTHING = Rights(1, Listener(True, None, ""), tuple(Topic))


class Line:
    """A connection that remembers how it was closed; a slow one takes its time."""

    def __init__(self, slow: bool = False) -> None:
        self.slow = slow
        self.closed: list[int] = []

    async def close(self, code: int, reason: str) -> None:
        self.closed.append(code)
        if self.slow:
            await asyncio.sleep(60)


def listener(line: Line, token: str) -> Session:
    return Session(cast(Any, line), Caller(token, ""), EVERYTHING, Wish((Topic.CALLS,), None, ""))


def tells() -> "asyncio.Task[None]":
    async def for_ever() -> None:
        await asyncio.sleep(60)

    return asyncio.create_task(for_ever())


def test_who_comes_while_the_tokens_are_looked_at_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was asked about at the door; being left out of a question that was on its way is no revocation."""
    monkeypatch.setattr(server, "CHECK_EVERY", 0.01)
    revoked, early, late = Line(), Line(), Line()

    async def scene() -> None:
        here = Server()
        here._sessions = {listener(early, "rf_early"): tells(), listener(revoked, "rf_revoked"): tells()}
        newcomer, its_task = listener(late, "rf_late"), tells()

        def look(wanted: frozenset[Caller]) -> dict[Caller, Rights]:
            here._sessions.setdefault(newcomer, its_task)
            return {caller: EVERYTHING for caller in wanted if caller.token != "rf_revoked"}

        monkeypatch.setattr(server, "rights_of_all", look)
        checking = asyncio.create_task(here._check_tokens())
        await asyncio.sleep(0.3)
        checking.cancel()

    asyncio.run(scene())
    assert (early.closed, late.closed) == ([], [])
    assert set(revoked.closed) == {4401}


def test_nobody_hears_on_because_others_are_slow_to_leave() -> None:
    """A revoked token ends all its connections within a moment, not one after the other (attack cases, group W)."""
    lines = [*(Line(slow=True) for _ in range(8)), Line()]

    async def scene() -> tuple[float, bool]:
        here = Server()
        here._sessions = {listener(line, "rf_x"): tells() for line in lines}
        begun = time.monotonic()
        ending = asyncio.create_task(here._end(list(here._sessions), Closing.UNAUTHENTICATED, "revoked"))
        await asyncio.sleep(0.2)
        deaf = all(task.cancelled() for task in here._sessions.values())
        await ending
        return time.monotonic() - begun, deaf

    took, deaf = asyncio.run(scene())
    assert deaf and took < 3
    assert [line.closed for line in lines] == [[4401]] * len(lines)


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: pbx\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def test_who_does_not_answer_the_end_holds_up_no_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three seconds the supervisor would kill the process, and nobody would have heard that it ends."""

    async def quiet(*_: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(server.Feed, "run", quiet)

    async def scene() -> float:
        running = asyncio.create_task(server.serve(tmp_path / "wsi"))
        while not (tmp_path / "wsi").exists():
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_unix_connection(tmp_path / "wsi")
        writer.write(UPGRADE)
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        begun = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)
        await running
        writer.close()
        return time.monotonic() - begun

    assert asyncio.run(scene()) < 2.5


def test_an_entry_written_between_two_questions_is_heard(site: Site) -> None:
    """Nothing is skipped: whoever listens hears each entry of the audit log (docs/wsi.md, "since")."""
    at = sources.audit_page(1 << 61).last
    written: list[str] = []

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if not written and "audit" in sql:
            written.append(sql)
            append(shell_actor(), "tenant.changed", "1", "Acme", {}, None)
        return answer

    with connection.execute_wrapper(meanwhile):
        page = sources.audit_page(at)
    heard = [*page.items, *sources.audit_page(page.after).items]
    assert written and [item.event["action"] for item in heard] == ["tenant.changed"]


@pytest.mark.parametrize(
    "wish",
    [
        {"type": "subscribe", "topics": ["calls"], "ü" * 100: 1},
        {"type": "subscribe", "topics": ["calls"], "\ud800": 1},
        {"type": "subscribe", "topics": ["calls"], "token": "rf_\ud800"},
        {"type": "subscribe", "topics": ["calls"], "x\n2026-01-01 INFO all is well\x1b[2J": 1},
    ],
)
def test_whatever_is_sent_first_is_refused_as_what_it_is(
    tmp_path: Path, wish: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A sentence that repeats odd letters still fits into a close frame (RFC 6455 section 5.5): 4400. In the log it is
    one line of plain letters.
    """
    path = str(tmp_path / "wsi.sock")

    async def scene() -> int | None:
        here = Server()
        async with (
            unix_serve(here.serve, path, process_request=here.at_the_door),
            unix_connect(path, "ws://pbx.example/") as line,
        ):
            await line.send(json.dumps(wish))
            await line.wait_closed()
            return line.close_code

    assert asyncio.run(scene()) == Closing.MALFORMED
    assert all(record.getMessage().isprintable() and record.getMessage().isascii() for record in caplog.records)
