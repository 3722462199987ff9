"""RTP of one call (RFC 3550): sends 20 ms of sound at a time, takes what is said and which keys are pressed."""

import asyncio
import secrets
import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from ringfence.audio.g711 import ALAW_OF_ULAW, FRAME, RATE, SILENCE, ULAW_OF_ALAW
from ringfence.voice.sdp import NOWHERE, PCMA, Offer

KEYS: Final = "0123456789*#ABCD"
LONGEST_GAP: Final = 2 * RATE
"""A hole in the sender's clock of up to two seconds is silence; a longer one is a new beginning."""

MOST_KEYS: Final = 64
_HEAD: Final = struct.Struct(">BBHII")
_VERSION: Final = 0x80


class Packet(NamedTuple):
    """One RTP packet: its payload type, its time stamp and what it carries."""

    kind: int
    stamp: int
    payload: bytes


type Sink = Callable[[bytes], None]
"""Takes u-law, piece by piece, in the order it was said."""


class Media(asyncio.DatagramProtocol):
    """One socket on loopback, which speaks to the media relay alone."""

    def __init__(self, offer: Offer) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._ssrc, self._sequence = secrets.randbits(32), secrets.randbits(15)
        self._stamp = secrets.randbits(31)
        self._queue = b""
        self._at = 0
        self._played = asyncio.Event()
        self._sink: Sink | None = None
        self._heard_stamp: int | None = None
        self._key_stamp: int | None = None
        self.keys: asyncio.Queue[str] = asyncio.Queue(MOST_KEYS)
        self.adopt(offer)

    def adopt(self, offer: Offer) -> None:
        """The other side moved or changed its mind (a new offer in the call)."""
        self._offer = offer
        self._peer = (offer.host, offer.port)

    @property
    def is_placed(self) -> bool:
        """Whether the other side has said where it hears us."""
        return self._peer != (NOWHERE.host, NOWHERE.port)

    @property
    def port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._played.set()

    # --- what we say ---

    async def play(self, ulaw: bytes) -> None:
        """Returns when it is said, or when a key interrupts it with `hush`."""
        self._queue, self._at = ulaw, 0
        self._played.clear()
        await self._played.wait()

    def hush(self) -> None:
        self._queue, self._at = b"", 0
        self._played.set()

    def tick(self) -> None:
        """Sends the next 20 ms; silence keeps the phone's side alive while we listen."""
        frame = self._queue[self._at : self._at + FRAME]
        self._at += FRAME
        if len(frame) < FRAME:
            frame = frame.ljust(FRAME, SILENCE)
            if self._queue:
                self.hush()
        if self._offer.codec == PCMA:
            frame = frame.translate(ALAW_OF_ULAW)
        self._sequence = self._sequence + 1 & 0xFFFF
        self._stamp = self._stamp + FRAME & 0xFFFFFFFF
        if self._transport is not None and self.is_placed and not self._transport.is_closing():
            head = _HEAD.pack(_VERSION, self._offer.payload, self._sequence, self._stamp, self._ssrc)
            self._transport.sendto(head + frame, self._peer)

    # --- what we hear ---

    def listen(self, sink: Sink | None) -> None:
        """From now on what is said goes to `sink`; None stops that."""
        self._sink, self._heard_stamp = sink, None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        packet = unpacked(data) if addr[:2] == self._peer else None
        if packet is None:
            return
        if packet.kind == self._offer.payload:
            self._hear(packet.stamp, packet.payload)
        elif packet.kind == self._offer.events and len(packet.payload) >= 4:
            self._press(packet.stamp, packet.payload[0])

    def error_received(self, exc: Exception) -> None:
        """The relay has closed its port: the call is about to end."""

    def _hear(self, stamp: int, payload: bytes) -> None:
        if self._sink is None:
            return
        gap = 0 if self._heard_stamp is None else stamp - self._heard_stamp & 0xFFFFFFFF
        if gap > 0x7FFFFFFF:
            return  # late: its place is filled already
        self._heard_stamp = stamp + len(payload) & 0xFFFFFFFF
        if self._offer.codec == PCMA:
            payload = payload.translate(ULAW_OF_ALAW)
        self._sink(SILENCE * gap + payload if gap <= LONGEST_GAP else payload)

    def _press(self, stamp: int, event: int) -> None:
        """A key is sent in several packets with one time stamp (RFC 4733 section 2.5.1.2)."""
        if stamp != self._key_stamp and event < len(KEYS):
            self._key_stamp = stamp
            self.pressed(KEYS[event])

    def pressed(self, key: str) -> None:
        """A key, whichever way it came; too many unread ones are dropped."""
        if not self.keys.full():
            self.keys.put_nowait(key)


def unpacked(data: bytes) -> Packet | None:
    """None for anything that is no RTP."""
    if len(data) < _HEAD.size or data[0] & 0xC0 != _VERSION:
        return None
    first, kind, _, stamp, _ = _HEAD.unpack_from(data)
    payload = data[_HEAD.size + 4 * (first & 0x0F) :]
    if first & 0x10:  # a header extension (RFC 3550 section 5.3.1)
        if len(payload) < 4:
            return None
        payload = payload[4 + 4 * int.from_bytes(payload[2:4], "big") :]
    if first & 0x20 and payload:
        payload = payload[: max(len(payload) - payload[-1], 0)]
    return Packet(kind & 0x7F, stamp, payload)


async def open_media(offer: Offer, host: str) -> Media:
    """Raises OSError when no socket can be had."""
    _, media = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Media(offer), (host, 0))
    return media


class Clock:
    """Lets all calls send every 20 ms. One task for all of them: late once, it catches up."""

    def __init__(self) -> None:
        self._running: set[Media] = set()

    def add(self, media: Media) -> None:
        self._running.add(media)

    def remove(self, media: Media) -> None:
        self._running.discard(media)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        step = FRAME / RATE
        due = loop.time()
        while True:
            due = max(due + step, loop.time() - 10 * step)
            await asyncio.sleep(max(due - loop.time(), 0))
            for media in tuple(self._running):
                media.tick()
