"""The SIP side of the voice process: answers what the SIP core sends, and tells phones of waiting messages through it.

It takes packets from the core's own sockets alone; no other program of this host can send from those.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from ringfence.voice import sdp, sip
from ringfence.voice.media import Clock, Media, open_media
from ringfence.voice.sip import Headers, Message

log = logging.getLogger(__name__)

T1: Final = 0.5
T2: Final = 4.0
GIVE_UP: Final = 16.0
"""Seconds after which an unanswered message counts as lost (RFC 3261 section 17; loopback loses nothing)."""

MOST_CALLS: Final = 400
ALLOW: Final = "INVITE, ACK, CANCEL, BYE, UPDATE, INFO, OPTIONS"
PREFIX: Final = "x-ringfence-"
UNDERSTOOD: Final = frozenset({"100rel"})
"""Of extensions that a caller may require: provisional answers that are reliable, for we send none (RFC 3262)."""

UNASKED: Final = ("ACK", "CANCEL", "BYE")
"""What is taken whatever it requires; a call that ends has ended."""

type Address = tuple[str, int]


@dataclass(slots=True)
class Leg:
    """One call that we answered: its dialog (RFC 3261 section 12) and its media."""

    endpoint: "Endpoint"
    invite: Message
    core: Address
    media: Media
    tag: str = field(default_factory=sip.new_token)
    cseq: int = 1
    answer: bytes = b""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def service(self) -> str:
        """What was asked for: the user part of the Request-URI."""
        return sip.uri_in(self.invite.target).partition(":")[2].partition("@")[0]

    @property
    def facts(self) -> Mapping[str, str]:
        """What the core says about the call. The core removes such headers from what phones send."""
        return {name.removeprefix(PREFIX): value for name, value in self.invite.headers if name.startswith(PREFIX)}

    @property
    def call_id(self) -> str:
        return self.invite.header("call-id")

    def request(self, method: str) -> bytes:
        """A request of ours in this dialog."""
        self.cseq += 1
        headers: Headers = [
            ("Via", f"SIP/2.0/UDP {self.endpoint.hostport};branch={sip.new_branch()}"),
            *(("Route", route) for route in self.invite.all("record-route")),
            ("Max-Forwards", "70"),
            ("From", f"{self.invite.header('to')};tag={self.tag}"),
            ("To", self.invite.header("from")),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.cseq} {method}"),
            ("Contact", f"<sip:{self.endpoint.hostport}>"),
        ]
        return sip.compose(f"{method} {sip.uri_in(self.invite.header('contact'))} SIP/2.0", headers)


type Serve = Callable[[Leg], Awaitable[None]]
type Rung = Callable[[int], None]
"""Hears the codes of provisional answers."""


class Calling(Protocol):
    """The calls that we make: takes requests that come in them, and says whether one does."""

    def asked(self, request: Message, source: Address) -> bool: ...


@dataclass(slots=True)
class _Waiting:
    """A request of ours that is not answered yet."""

    answer: "asyncio.Future[Message]"
    rung: Rung | None = None
    is_heard: bool = False


class Endpoint(asyncio.DatagramProtocol):
    """One UDP socket on loopback. `serve` is run for each call; when it returns, the call is ended."""

    def __init__(self, host: str, port: int, is_core: Callable[[Address], bool], serve: Serve, legs: Path) -> None:
        self.hostport = f"{host}:{port}"
        self.clock = Clock()
        self._host = host
        self._is_core = is_core
        self._serve = serve
        self._folder = legs
        self._transport: asyncio.DatagramTransport | None = None
        self._legs: dict[str, Leg] = {}
        self._beginning: set[str] = set()
        self._waiting: dict[str, _Waiting] = {}
        self.acknowledgements: dict[str, bytes] = {}
        """By the branch of an INVITE of ours: sent again with each repetition of its answer."""
        self.calling: Calling | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    @property
    def calls(self) -> int:
        return len(self._legs)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if not self._is_core(addr[:2]):
            return
        try:
            message = sip.parse(data)
        except sip.Unreadable as error:
            log.warning("a message of the SIP core cannot be read: %s", error)
            return
        if message.is_response:
            self._answered(message, addr)
        else:
            self._requested(message, addr)

    def error_received(self, exc: Exception) -> None:
        """The core is restarting; what it missed is sent again."""

    def send(self, raw: bytes, to: Address) -> None:
        if self._transport is not None:
            self._transport.sendto(raw, to)

    # --- requests of the core ---

    def _requested(self, request: Message, source: Address) -> None:
        if unknown := not_understood(request):
            self._reply(request, source, 420, "Bad Extension", [("Unsupported", ", ".join(unknown))])
            return
        if self.calling is not None and self.calling.asked(request, source):
            return
        leg = self._legs.get(key_of(request))
        match request.method:
            case "INVITE" if leg is None and not request.tag("to"):
                self._begin(request, source)
            case "ACK":
                if leg is not None:
                    _acknowledge(leg, request)
            case "INVITE" | "UPDATE" if leg is not None:
                self._renew(leg, request, source)
            case "BYE" if leg is not None:
                self._reply(request, source, 200, "OK")
                leg.ended.set()
            case "CANCEL":
                self._reply(request, source, 200, "OK")
                if leg is not None and not leg.acknowledged.is_set():
                    leg.ended.set()
            case "INFO" if leg is not None:
                _key_in_info(leg, request)
                self._reply(request, source, 200, "OK")
            case "OPTIONS":
                self._reply(request, source, 200, "OK")
            case "INVITE" | "UPDATE" | "BYE" | "INFO":
                self._reply(request, source, 481, "Call/Transaction Does Not Exist")
            case _:
                self._reply(request, source, 405, "Method Not Allowed")

    def _begin(self, invite: Message, source: Address) -> None:
        key = key_of(invite)
        if key in self._beginning:
            return
        offer = sdp.read_offer(invite.body) if invite.body else sdp.NOWHERE
        if offer is None:
            self._reply(invite, source, 488, "Not Acceptable Here")
        elif len(self._legs) + len(self._beginning) >= MOST_CALLS:
            self._reply(invite, source, 503, "Service Unavailable")
        else:
            self._beginning.add(key)
            self._spawn(self._carry(key, invite, source, offer))

    async def _carry(self, key: str, invite: Message, source: Address, offer: sdp.Offer) -> None:
        media = await open_media(offer, self._host)
        leg = Leg(self, invite, source, media)
        self._legs[key] = leg
        self._beginning.discard(key)
        self.clock.add(media)
        note = self._folder / leg.tag
        try:
            leg.answer = self._response(leg, invite, offer)
            note.write_bytes(leg.request("BYE"))
            if await self._until_acknowledged(leg) and media.is_placed:
                await self._until_ended(leg)
        finally:
            self.clock.remove(media)
            media.close()
            if not leg.ended.is_set():
                leg.ended.set()
                await self.transaction(leg.request("BYE"), leg.core)
            note.unlink(missing_ok=True)
            self._legs.pop(key, None)

    async def end_orphans(self, core: Address) -> int:
        """Hangs up the calls of a killed predecessor: their callers hear nothing any more. How many there were."""
        notes = list(self._folder.iterdir())
        await asyncio.gather(*(self.transaction(note.read_bytes(), core) for note in notes))
        for note in notes:
            note.unlink(missing_ok=True)
        return len(notes)

    async def _until_ended(self, leg: Leg) -> None:
        """Runs the service until it is done or the caller hangs up, whatever comes first."""
        serving, ending = asyncio.ensure_future(self._serve(leg)), asyncio.ensure_future(leg.ended.wait())
        await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, ending):
            task.cancel()
        with suppress(asyncio.CancelledError, TimeoutError):
            await serving

    async def _until_acknowledged(self, leg: Leg) -> bool:
        """Repeats the 200 until the ACK is there (RFC 3261 section 13.3.1.4)."""
        wait, waited = T1, 0.0
        while waited < GIVE_UP and not leg.ended.is_set():
            self.send(leg.answer, leg.core)
            with suppress(TimeoutError):
                await asyncio.wait_for(leg.acknowledged.wait(), wait)
                return True
            waited, wait = waited + wait, min(2 * wait, T2)
        return False

    def _renew(self, leg: Leg, request: Message, source: Address) -> None:
        """A new offer in the call: hold, resume or another address. The first INVITE again gets the first answer."""
        if request.branch == leg.invite.branch:
            self.send(leg.answer, source)
            return
        offer = sdp.read_offer(request.body)
        if request.body and offer is None:
            self._reply(request, source, 488, "Not Acceptable Here")
            return
        if offer is not None:
            leg.media.adopt(offer)
            self.send(self._response(leg, request, offer), source)
        elif request.method == "INVITE":
            self.send(self._response(leg, request, sdp.NOWHERE), source)
        else:
            self._reply(request, source, 200, "OK")

    def _response(self, leg: Leg, request: Message, offer: sdp.Offer) -> bytes:
        more: Headers = [
            ("Contact", f"<sip:{self.hostport}>"),
            ("Allow", ALLOW),
            ("Content-Type", "application/sdp"),
        ]
        host, port = self._host, leg.media.port
        body = sdp.offer(host, port) if offer is sdp.NOWHERE else sdp.answer(offer, host, port, 1)
        return sip.response(request, 200, "OK", leg.tag, more, body)

    def _reply(self, request: Message, source: Address, code: int, reason: str, more: Headers | None = None) -> None:
        self.send(sip.response(request, code, reason, sip.new_token(), [("Allow", ALLOW), *(more or [])]), source)

    # --- requests of ours ---

    async def transaction(self, request: bytes, to: Address) -> int:
        """Sends a request until it is answered; the status, 408 when nobody answers (RFC 3261 section 17.1.2)."""
        answer = await self.ask(request, to)
        return answer.status if answer else 408

    async def ask(
        self, request: bytes, to: Address, patience: float = GIVE_UP, rung: Rung | None = None
    ) -> Message | None:
        """The same; the final answer, or None. `patience` in seconds counts once anything was heard at all; an INVITE
        is not repeated from then on (RFC 3261 section 17.1.1).
        """
        message = sip.parse(request)
        name = _transaction_of(message)
        waiting = self._waiting[name] = _Waiting(asyncio.get_running_loop().create_future(), rung)
        wait, waited = T1, 0.0
        try:
            while waited < (patience if waiting.is_heard else GIVE_UP):
                if not (waiting.is_heard and message.method == "INVITE"):
                    self.send(request, to)
                with suppress(TimeoutError):
                    return await asyncio.wait_for(asyncio.shield(waiting.answer), wait)
                waited, wait = waited + wait, min(2 * wait, T2)
            return None
        finally:
            del self._waiting[name]

    def _answered(self, response: Message, source: Address) -> None:
        waiting = self._waiting.get(_transaction_of(response))
        if waiting is None or waiting.answer.done():
            if response.method == "INVITE" and (known := self.acknowledgements.get(response.branch)):
                self.send(known, source)
        elif response.status >= 200:
            waiting.answer.set_result(response)
        else:
            waiting.is_heard = True
            if waiting.rung:
                waiting.rung(response.status)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something of ours beside the calls; what goes wrong there is logged."""
        self._spawn(work)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a call ended with an error", exc_info=error)


def _transaction_of(message: Message) -> str:
    """A CANCEL has the branch of its INVITE, so the method belongs to the name (RFC 3261 section 17.1.3)."""
    return f"{message.branch} {message.method}"


def not_understood(request: Message) -> tuple[str, ...]:
    """What a request requires and nobody here knows (RFC 3261 section 8.2.2.3)."""
    if request.method in UNASKED:
        return ()
    tags = (tag.strip() for value in request.all("require") for tag in value.split(","))
    return tuple(tag for tag in tags if tag and tag.lower() not in UNDERSTOOD)


def key_of(message: Message) -> str:
    """Which call: the same for its requests in either state of the dialog."""
    return f"{message.header('call-id')}\n{message.tag('from')}"


def _acknowledge(leg: Leg, ack: Message) -> None:
    """The ACK of a caller who left the offer to us has the answer; the core takes a body out of every other."""
    if answer := sdp.read_offer(ack.body):
        leg.media.adopt(answer)
    leg.acknowledged.set()


def _key_in_info(leg: Leg, request: Message) -> None:
    """A key as some phones send it: `application/dtmf-relay` with Signal=5, or `application/dtmf` with 5."""
    if not request.header("content-type").lower().startswith("application/dtmf"):
        return
    text = request.body[:64].decode("ascii", "replace")
    signal = next((line.partition("=")[2] for line in text.splitlines() if line.lower().startswith("signal")), text)
    if (key := signal.strip().upper()) in set("0123456789*#ABCD"):
        leg.media.pressed(key)
