"""G.711 (ITU-T): u-law is how all audio is kept, A-law and 16 bit samples are what phones and browsers get."""

from array import array
from functools import cache
from typing import Final

RATE: Final = 8000
"""Samples a second, and bytes of G.711 a second."""

FRAME: Final = 160
"""20 ms: one RTP packet."""

SILENCE: Final = b"\xff"
_BIAS: Final = 0x84
_CLIP: Final = 32635


def _decoded(byte: int) -> int:
    """One u-law byte as a 16 bit sample."""
    inverted = ~byte & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + _BIAS << (inverted >> 4 & 0x07)) - _BIAS
    return -magnitude if inverted & 0x80 else magnitude


def _encoded(sample: int) -> int:
    """One 16 bit sample as a u-law byte."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, _CLIP) + _BIAS
    exponent = max(magnitude.bit_length() - 8, 0)
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 0x0F) & 0xFF


def _alaw_decoded(byte: int) -> int:
    """One A-law byte as a 16 bit sample."""
    value = byte ^ 0x55
    exponent, mantissa = value >> 4 & 0x07, (value & 0x0F) << 4
    magnitude = mantissa + 8 if exponent == 0 else mantissa + 0x108 << exponent - 1
    return magnitude if value & 0x80 else -magnitude


_DECODED: Final = [_decoded(byte) for byte in range(256)]
_ALAW_DECODED: Final = [_alaw_decoded(byte) for byte in range(256)]
_LOW: Final = bytes(sample & 0xFF for sample in _DECODED)
_HIGH: Final = bytes(sample >> 8 & 0xFF for sample in _DECODED)
ULAW_OF_ALAW: Final = bytes(_encoded(sample) for sample in _ALAW_DECODED)
ALAW_OF_ULAW: Final = bytes(
    min(range(256), key=lambda byte, sample=sample: abs(_ALAW_DECODED[byte] - sample))  # type: ignore[misc]
    for sample in _DECODED
)


@cache
def _ulaw_of_samples() -> bytes:
    """The u-law byte of every 16 bit sample, by its two's complement."""
    return bytes(_encoded(value if value < 0x8000 else value - 0x10000) for value in range(0x10000))


def ulaw_from_samples(samples: array[int]) -> bytes:
    """u-law from 16 bit samples.

    >>> ulaw_from_samples(array("h", [0, 32767, -32768])).hex()
    'ff8000'
    """
    table = _ulaw_of_samples()
    return bytes(table[sample & 0xFFFF] for sample in samples)


def samples_from_ulaw(ulaw: bytes) -> bytes:
    """16 bit little-endian samples from u-law, for a WAV file every browser plays.

    >>> samples_from_ulaw(b"\\xff\\x80").hex()
    '00007c7d'
    """
    samples = bytearray(2 * len(ulaw))
    samples[0::2] = ulaw.translate(_LOW)
    samples[1::2] = ulaw.translate(_HIGH)
    return bytes(samples)
