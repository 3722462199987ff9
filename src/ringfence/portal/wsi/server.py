"""The process of the event socket: everything is built by hand here. nginx ends TLS in front of it."""

import asyncio
import logging
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.db import DatabaseError
from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ringfence.policy.addresses import AddressProblem, ban_key
from ringfence.portal.problems import Refused
from ringfence.portal.wsi import sources
from ringfence.portal.wsi.admission import Caller, Rights, rights_of, rights_of_all
from ringfence.portal.wsi.connection import Listening
from ringfence.portal.wsi.feed import Feed
from ringfence.portal.wsi.protocol import Closing, SentAway
from ringfence.portal.wsi.session import Past, Session
from ringfence.portal.wsi.wish import LONGEST, Wish, WishRefused, parse_wish

MOST_CONNECTIONS: Final = 500
MOST_OF_ONE_ADDRESS: Final = 20
MOST_OF_ONE_PERSON: Final = 20
FIRST_MESSAGE_SECONDS: Final = 10.0
CLOSING_SECONDS: Final = 1.0
"""How long a listener may take to answer the end: the whole process stops within three."""

CHECK_EVERY: Final = 2.0
STALE_AFTER: Final = 30.0
"""Seconds without a successful look at the tokens after which nobody is believed any more."""

WRITE_LIMIT: Final = 32_768

log = logging.getLogger(__name__)


class Server:
    """All connections of the event socket."""

    def __init__(self) -> None:
        self._feed = Feed()
        self._ready = asyncio.Event()
        self._open: Counter[str] = Counter()
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._database: Executor = ThreadPoolExecutor(1, "tokens")
        self._pages: Executor = ThreadPoolExecutor(2, "past")
        self._checked_at = time.monotonic()
        self._past = Past(
            lambda at: self._in(self._pages, lambda: sources.ledger_page(at, 0)),
            lambda at: self._in(self._pages, lambda: sources.audit_page(at)),
        )

    async def run(self, path: Path) -> None:
        """Until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        work = [asyncio.create_task(self._feed.run(self._ready)), asyncio.create_task(self._check_tokens())]
        async with unix_serve(
            self.serve,
            str(path),
            create_connection=Listening,
            backlog=MOST_CONNECTIONS,
            process_request=self.at_the_door,
            max_size=LONGEST,
            max_queue=4,
            write_limit=WRITE_LIMIT,
            compression=None,
            open_timeout=FIRST_MESSAGE_SECONDS,
            close_timeout=CLOSING_SECONDS,
            server_header=None,
            logger=_quiet(),
        ):
            ended = await _first_of(stop, work)
        for task in work:
            task.cancel()
        if ended is not None:
            ended.result()

    def at_the_door(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuses what is no subscription before it becomes a WebSocket."""
        if is_foreign(request.headers.get_all("Origin"), request.headers.get_all("Host")):
            return connection.respond(HTTPStatus.FORBIDDEN, "A page of another site may not listen here.\n")
        if "?" in request.path:
            return connection.respond(
                HTTPStatus.BAD_REQUEST, "No query here: the token travels in the Authorization header.\n"
            )
        if request.path != "/":
            return connection.respond(HTTPStatus.NOT_FOUND, "The event socket is at /.\n")
        if self._open.total() >= MOST_CONNECTIONS or self._open[_source(request)] >= MOST_OF_ONE_ADDRESS:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections.\n")
        return None

    async def serve(self, connection: ServerConnection) -> None:
        """One connection from its first message to its end."""
        assert connection.request is not None
        address, source = _address(connection.request), _source(connection.request)
        self._open[source] += 1
        try:
            await self._attend(connection, address)
        except SentAway as away:
            log.info("%s is sent away (%d): %a", address, away.closing, away.reason)
            await connection.close(away.closing, _brief(away.reason))
        except ConnectionClosed:
            return
        finally:
            self._open[source] -= 1
            if not self._open[source]:
                del self._open[source]

    async def _attend(self, connection: ServerConnection, address: str) -> None:
        wish = await _first_message(connection)
        caller = Caller(_bearer(connection) or wish.token, address)
        session = Session(connection, caller, await self._admitted(caller, wish), wish)
        try:
            await asyncio.wait_for(self._ready.wait(), FIRST_MESSAGE_SECONDS)
        except TimeoutError as error:
            raise SentAway(Closing.UNAVAILABLE, "the guard or the database does not answer yet") from error
        telling = asyncio.create_task(session.run(self._feed, self._past))
        silence = asyncio.create_task(_refuse_more(connection))
        self._sessions[session] = telling
        try:
            done, _ = await asyncio.wait((telling, silence), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                _outcome(task)
        finally:
            del self._sessions[session]
            for task in (telling, silence):
                task.cancel()

    async def _admitted(self, caller: Caller, wish: Wish) -> Rights:
        try:
            rights = await self._in(self._database, lambda: rights_of(caller)) if caller.token else None
        except DatabaseError as error:
            raise SentAway(Closing.UNAVAILABLE, "the database does not answer") from error
        if rights is None:
            raise SentAway(Closing.UNAUTHENTICATED, "send a valid token of an administrator: POST /api/v1/auth/token")
        forbidden = [str(topic) for topic in wish.topics if topic not in rights.topics]
        if forbidden:
            raise SentAway(Closing.FORBIDDEN, f"your role may not hear of {', '.join(forbidden)}")
        if sum(rights.person_id == other.rights.person_id for other in self._sessions) >= MOST_OF_ONE_PERSON:
            raise SentAway(Closing.TOO_MANY, f"one person may have {MOST_OF_ONE_PERSON} connections")
        return rights

    async def _check_tokens(self) -> None:
        """A revoked token, a suspended owner or a lost role ends the connection."""
        while True:
            await asyncio.sleep(CHECK_EVERY)
            asked = tuple(self._sessions)  # whoever is let in meanwhile was asked about at the door
            wanted = frozenset(session.caller for session in asked)
            try:
                valid = await self._in(self._database, partial(rights_of_all, wanted))
            except DatabaseError as error:
                log.warning("tokens cannot be checked: %s", error)
                if time.monotonic() - self._checked_at > STALE_AFTER:
                    await self._end(list(self._sessions), Closing.UNAVAILABLE, "the database does not answer")
                continue
            self._checked_at = time.monotonic()
            gone = [session for session in asked if valid.get(session.caller) != session.rights]
            await self._end(gone, Closing.UNAUTHENTICATED, "your token was revoked or ended, or your rights changed")

    async def _end(self, sessions: list[Session], closing: Closing, reason: str) -> None:
        """All at once: nobody hears on because others are slow to leave."""
        held = [(session, telling) for session in sessions if (telling := self._sessions.get(session)) is not None]
        for _, telling in held:
            telling.cancel()
        await asyncio.gather(*(_close(session.connection, closing, reason) for session, _ in held))

    async def _in[T](self, threads: Executor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, work)


async def serve(path: Path) -> None:
    await Server().run(path)


def _brief(reason: str) -> str:
    """It may repeat what was sent, and has 123 bytes (RFC 6455 section 5.5)."""
    return reason.encode("ascii", "replace")[:120].decode()


async def _close(connection: ServerConnection, closing: Closing, reason: str) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(connection.close(closing, reason), CLOSING_SECONDS)


async def _first_message(connection: ServerConnection) -> Wish:
    try:
        return parse_wish(await asyncio.wait_for(connection.recv(), FIRST_MESSAGE_SECONDS))
    except TimeoutError as error:
        raise SentAway(Closing.LATE, f"subscribe within {FIRST_MESSAGE_SECONDS:.0f} s") from error
    except WishRefused as refused:
        raise SentAway(Closing.MALFORMED, str(refused)) from refused


async def _refuse_more(connection: ServerConnection) -> None:
    """A listener has nothing more to say: another subscription is another connection."""
    await connection.recv()
    raise SentAway(Closing.MALFORMED, "one subscription for one connection; connect again for another")


def _outcome(task: asyncio.Task[None]) -> None:
    """Raises what ended a task; a task that was cancelled was ended by the check of tokens."""
    if task.cancelled():
        return
    try:
        task.result()
    except (Refused, DatabaseError) as error:
        raise SentAway(Closing.UNAVAILABLE, "the guard or the database does not answer") from error


async def _first_of(stop: asyncio.Event, work: list[asyncio.Task[None]]) -> asyncio.Task[None] | None:
    """Waits for the end; the task whose failure brought it, if it was one."""
    asked = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([asked, *work], return_when=asyncio.FIRST_COMPLETED)
    return next((task for task in work if task in done), None)


def _bearer(connection: ServerConnection) -> str:
    assert connection.request is not None
    scheme, _, token = connection.request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_foreign(origins: Sequence[str], hosts: Sequence[str]) -> bool:
    """Whether a browser says that a page of another host opened this (RFC 6455 10.2). Programs send no Origin.

    The port may differ: the portal's pages lie on 8887.
    """
    if not origins:
        return False
    try:
        page, here = urlsplit(origins[0]), urlsplit(f"//{hosts[0]}") if hosts else None
        own = here is not None and len(origins) == len(hosts) == 1 and page.hostname == here.hostname
        return not own or page.scheme != "https" or not page.hostname or page.port == 0
    except ValueError:  # also of a port that is none
        return True


def _address(request: Request) -> str:
    """Only nginx reaches the socket, and it sets this header whatever a client claims."""
    return request.headers.get("X-Forwarded-For", "")


def _source(request: Request) -> str:
    """Who is counted: a whole /64 of IPv6 is one customer."""
    try:
        return ban_key(_address(request))
    except AddressProblem:
        return ""


def _quiet() -> logging.Logger:
    """Broken handshakes are the trade of strangers: they are no news."""
    logger = logging.getLogger("websockets.server")
    logger.setLevel(logging.CRITICAL)
    return logger
