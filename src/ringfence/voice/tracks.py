"""Puts what two parties say beside each other in time: the caller left, the called side right, u-law in turns."""

from typing import Final

from ringfence.audio.g711 import RATE, SILENCE

DRIFT: Final = RATE
"""A place in the sender's clock that is a second off ours is a new beginning: another phone, or the end of a hold."""

LONGEST_AHEAD: Final = 2 * RATE


class Track:
    """One party. Places are samples since the recording began; what is missing is silence."""

    def __init__(self) -> None:
        self._said = bytearray()
        self._taken = 0
        self._base: int | None = None

    def hear(self, stamp: int, ulaw: bytes, now: int) -> None:
        """One packet with its RTP time stamp, arriving at place `now`."""
        place = now if self._base is None else self._place(stamp, now)
        if self._base is None or abs(place - now) > DRIFT:
            place, self._base = now, stamp - now & 0xFFFFFFFF
        start = place - self._taken
        if start < 0:
            ulaw, start = ulaw[-start:], 0
        if not ulaw or start > LONGEST_AHEAD:
            return
        if start > len(self._said):
            self._said += SILENCE * (start - len(self._said))
        self._said[start : start + len(ulaw)] = ulaw

    def _place(self, stamp: int, now: int) -> int:
        """The stamp counts in 32 bits and turns over."""
        ahead = stamp - (self._base or 0) - now & 0xFFFFFFFF
        return now + (ahead - (1 << 32) if ahead >> 31 else ahead)

    def take(self, until: int) -> bytes:
        """What was said up to this place since the last time."""
        count = max(until - self._taken, 0)
        part = bytes(self._said[:count]).ljust(count, SILENCE)
        del self._said[:count]
        self._taken += count
        return part


def side_by_side(left: bytes, right: bytes) -> bytes:
    """Two channels, sample by sample, both as long as the other.

    >>> side_by_side(b"ab", b"12")
    b'a1b2'
    """
    both = bytearray(2 * len(left))
    both[0::2], both[1::2] = left, right
    return bytes(both)
