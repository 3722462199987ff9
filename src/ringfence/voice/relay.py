"""What the voice process asks the media relay: to hear what a party of a call says, and to play something to it."""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from ringfence import ng
from ringfence.audio.wav import wav_of_ulaw
from ringfence.voice import speech
from ringfence.voice.sdp import PCMU, Offer, read_offer, wanted
from ringfence.voice.speech import Codecs

PATIENCE: Final = 0.5
TRIES: Final = 3
LONGEST_PLAYED: Final = 7 * 8000
"""Bytes of u-law that go into one datagram."""

UNKNOWN: Final = "unknown call"


class RelayRefused(Exception):
    """The relay says no, or nothing."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One subscription: what it is called, and from where its packets come."""

    tag: str
    source: Offer


class Relay(asyncio.DatagramProtocol):
    """A connected socket to the relay's control port on loopback."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[bytes, asyncio.Future[dict[str, Any]]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        cookie, _, raw = data.partition(b" ")
        waiting = self._waiting.get(cookie)
        if waiting is not None and not waiting.done():
            with suppress(ng.Garbled):
                waiting.set_result(ng.decode(raw))

    def error_received(self, exc: Exception) -> None:
        """The relay is restarting: whoever asked finds out by the missing answer."""

    async def hear(self, call: str, tag: str, port: int) -> Heard:
        """What this party says comes to our port on loopback from now on, as u-law whatever it speaks.

        Raises RelayRefused.
        """
        told = await self._ask(
            "subscribe request", call, **{"from-tag": tag}, ICE="remove",
            **{"transport-protocol": "RTP/AVP", "codec": {"mask": ["all"], "transcode": ["PCMU"]}},
        )  # fmt: skip
        offered = read_offer(str(told.get("sdp", "")).encode())
        if offered is None or offered.codec != PCMU:
            raise RelayRefused("no u-law is offered")
        body = wanted("127.0.0.1", port).decode()
        ours = str(told.get("to-tag", ""))
        await self._ask("subscribe answer", call, **{"to-tag": ours}, flags=["allow-transcoding"], sdp=body)
        return Heard(ours, offered)

    async def spoken(self, call: str, tag: str) -> Codecs:
        """What this party speaks, as it said itself; nothing if the relay does not know."""
        try:
            told = await self._ask(
                "subscribe request", call, **{"from-tag": tag}, ICE="remove", **{"transport-protocol": "RTP/AVP"}
            )
        except RelayRefused:
            return ()
        await self.leave(call, str(told.get("to-tag", "")))
        found = speech.read(str(told.get("sdp", "")).encode())
        return found.codecs if found else ()

    async def leave(self, call: str, subscription: str) -> None:
        """Ends a subscription; a call that is over has ended it already."""
        with suppress(RelayRefused):
            await self._ask("unsubscribe", call, **{"to-tag": subscription})

    async def play(self, call: str, tag: str, ulaw: bytes) -> None:
        """Says something to this party, who does not hear the other one meanwhile. Raises RelayRefused."""
        sound = wav_of_ulaw(ulaw[:LONGEST_PLAYED])
        await self._ask("play media", call, **{"from-tag": tag}, blob=sound, flags=["block-egress"])

    async def knows(self, call: str) -> bool:
        """Whether it still carries this call. A relay that does not answer says nothing about any call."""
        try:
            await self._ask("query", call)
        except RelayRefused as error:
            return UNKNOWN not in str(error).lower()
        return True

    async def _ask(self, command: str, call: str, **more: Any) -> dict[str, Any]:
        cookie = secrets.token_hex(8).encode()
        question = cookie + b" " + ng.encode({"command": command, "call-id": call, **more})
        answer = self._waiting[cookie] = asyncio.get_running_loop().create_future()
        try:
            told = await self._answer(question, answer)
        finally:
            del self._waiting[cookie]
        if told.get("result") == "error":
            raise RelayRefused(f"{command}: {told.get('error-reason', '')}")
        return told

    async def _answer(self, question: bytes, answer: "asyncio.Future[dict[str, Any]]") -> dict[str, Any]:
        """Asked again with the same cookie, the relay gives the same answer again."""
        for _ in range(TRIES):
            if self._transport is not None:
                self._transport.sendto(question)
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(answer), PATIENCE)
        raise RelayRefused("the relay does not answer")


async def open_relay(port: int) -> Relay:
    """Raises OSError."""
    loop = asyncio.get_running_loop()
    _, relay = await loop.create_datagram_endpoint(Relay, remote_addr=("127.0.0.1", port))
    return relay
