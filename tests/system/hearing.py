"""Counts the audio packets that reach a scripted phone."""

import select
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.softphone import Softphone


class Ear:
    """Counts the audio packets that reach a phone."""

    def __init__(self, phone: Softphone, port: int) -> None:
        self.socket = phone.host.udp(port)
        self.heard = self.said = 0

    def speaks(self, to: tuple[str, int]) -> bool:
        """Sends 20 ms of sound, A-law, and whether that worked."""
        self.said += 1
        head = struct.pack(">BBHII", 0x80, 8, self.said, 160 * self.said, self.socket.fileno())
        return self.socket.sendto(head + b"\xd5" * 160, to) > 0

    def hears(self) -> bool:
        """Whether anything arrives, of a call that is about to be heard."""
        return any(self.listen(0.5) for _ in range(20))

    def listen(self, seconds: float) -> int:
        """How many arrive in this time."""
        count, end = 0, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.socket], [], [], left)[0]:
                packet, (address, _) = self.socket.recvfrom(2048)
                assert address == PBX_ADDRESS
                count += packet[0] >> 6 == 2
        self.heard += count
        return count


@contextmanager
def ear(phone: Softphone, port: int = 40_000) -> Iterator[Ear]:
    one = Ear(phone, port)
    try:
        yield one
    finally:
        one.socket.close()
