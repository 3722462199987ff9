"""One socket on loopback that hears one party of a recorded call, as the media relay passes it on."""

import asyncio
from collections.abc import Callable

from ringfence.audio.g711 import RATE
from ringfence.voice.media import unpacked
from ringfence.voice.sdp import Offer
from ringfence.voice.tracks import Track


class Ear(asyncio.DatagramProtocol):
    """Believes the relay alone, once it is known which of its ports speaks."""

    def __init__(self, place: Callable[[], int]) -> None:
        self.track = Track()
        self.source: Offer | None = None
        self._where = place
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    @property
    def place(self) -> int:
        """Samples since the recording began."""
        return self._where()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.source is None or addr[:2] != (self.source.host, self.source.port):
            return
        packet = unpacked(data)
        if packet is not None and packet.kind == self.source.payload:
            self.track.hear(packet.stamp, packet.payload, self.place)

    def error_received(self, exc: Exception) -> None:
        """Nothing is ever sent."""


async def open_ear(clock: Callable[[], float], began: float) -> Ear:
    """`began` is when the recording began, by this clock in seconds. Raises OSError when no socket can be had."""
    loop = asyncio.get_running_loop()
    _, ear = await loop.create_datagram_endpoint(lambda: Ear(lambda: round((clock() - began) * RATE)), ("127.0.0.1", 0))
    return ear
