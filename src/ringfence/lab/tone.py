"""A known tone as a WAV file, and what of it arrived: frequency and duration measured in a received recording."""

import math
import struct
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RATE: Final = 8000
AMPLITUDE: Final = 12_000
BLOCK: Final = 160
"""20 ms at 8 kHz: one RTP packet of G.711."""
LOUD: Final = 1_000.0
PURE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recording holds of one tone. Times are in seconds."""

    frequency: int
    seconds: float
    longest_gap: float
    recorded: float

    @property
    def is_whole(self) -> bool:
        """No hole of more than 60 ms, which is three lost packets in a row."""
        return self.longest_gap <= 0.06


def write_tone(path: Path, frequency: int, seconds: float) -> None:
    """A mono 16 bit WAV file of a sine tone."""
    samples = array("h", sine(frequency, seconds))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())


def write_alaw(path: Path, frequency: int, seconds: float) -> None:
    """The tone as raw G.711 A-law bytes, as sipp's rtp_stream wants it."""
    path.write_bytes(bytes(alaw(sample) for sample in sine(frequency, seconds)))


def sine(frequency: int, seconds: float) -> list[int]:
    step = 2 * math.pi * frequency / RATE
    return [round(AMPLITUDE * math.sin(step * index)) for index in range(round(RATE * seconds))]


def alaw(sample: int) -> int:
    """One 16 bit sample as a G.711 A-law byte (ITU-T G.711, table 1a).

    >>> alaw(0), alaw(32767)
    (213, 170)
    """
    sign, magnitude = (0x80, sample >> 3) if sample >= 0 else (0, (-sample - 1) >> 3)
    exponent = max(magnitude.bit_length() - 5, 0)
    mantissa = (magnitude >> max(exponent, 1)) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def listen(path: Path, frequency: int) -> Heard:
    """How long the tone is heard in a WAV recording, and the longest hole between its first and last block."""
    rate, samples = read_wav(path)
    block = BLOCK * rate // RATE
    marks = [
        _holds(samples[start : start + block], frequency, rate) for start in range(0, len(samples) - block + 1, block)
    ]
    duration = block / rate
    return Heard(frequency, sum(marks) * duration, _longest_gap(marks) * duration, len(samples) / rate)


def dominant(path: Path, candidates: Sequence[int]) -> int:
    """Which of these frequencies carries most of the recording's energy; 0 if none is heard."""
    heard = max((listen(path, frequency) for frequency in candidates), key=lambda one: one.seconds)
    return heard.frequency if heard.seconds > 0 else 0


def read_wav(path: Path) -> tuple[int, array[int]]:
    """Sampling rate and first channel of a 16 bit WAV file, whose header may not be finished yet."""
    raw = path.read_bytes()
    start = raw.find(b"data")
    if raw[:4] != b"RIFF" or start < 0:
        return RATE, array("h")
    channels, rate = struct.unpack_from("<HI", raw, raw.find(b"fmt ") + 10)
    body = raw[start + 8 :]
    samples = array("h")
    samples.frombytes(body[: len(body) // (2 * channels) * 2 * channels])
    return rate, samples[::channels]


def _holds(block: Sequence[int], frequency: int, rate: int) -> bool:
    """Whether this block is loud and consists mostly of the tone."""
    energy = sum(sample * sample for sample in block) / len(block)
    if energy < LOUD * LOUD / 2:
        return False
    return _power(block, frequency, rate) / energy > PURE


def _power(block: Sequence[int], frequency: int, rate: int) -> float:
    """Mean power of one frequency, by Goertzel's algorithm."""
    factor = 2 * math.cos(2 * math.pi * frequency / rate)
    previous = before = 0.0
    for sample in block:
        previous, before = sample + factor * previous - before, previous
    square = previous * previous + before * before - factor * previous * before
    return 2 * square / len(block) ** 2


def _longest_gap(marks: Sequence[bool]) -> int:
    """The longest run of missing blocks between the first and the last block that holds the tone."""
    if True not in marks:
        return 0
    first, last = marks.index(True), len(marks) - 1 - list(reversed(marks)).index(True)
    longest = run = 0
    for mark in marks[first:last]:
        run = 0 if mark else run + 1
        longest = max(longest, run)
    return longest
