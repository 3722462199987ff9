"""WAV files: prompts and greetings that come in, messages and recordings that go out."""

import io
import struct
import wave
from array import array
from typing import Final

from ringfence.audio.g711 import RATE, ulaw_from_samples

RATES: Final = (8000, 16000, 24000, 32000, 44100, 48000)
LONGEST_SECONDS: Final = 120
_SAMPLE_BYTES: Final = 2


class WavRefused(ValueError):
    """The file is not what is asked for; the text says what is."""


def ulaw_from_wav(data: bytes, longest_seconds: int = LONGEST_SECONDS) -> bytes:
    """u-law at 8 kHz from an uploaded WAV file: 16 bit PCM, mono or stereo. Raises WavRefused."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate, frames = file.getparams()[:4]
            if width != _SAMPLE_BYTES or channels not in (1, 2) or rate not in RATES:
                raise WavRefused(
                    f"a WAV file with 16 bit PCM, one or two channels and one of the rates {RATES} is needed"
                )
            if frames > longest_seconds * rate:
                raise WavRefused(f"at most {longest_seconds} seconds are allowed")
            samples = _whole_samples(file.readframes(frames))
    except (wave.Error, EOFError, struct.error, RuntimeError) as error:  # RuntimeError: a chunk that ends past the file
        raise WavRefused("this is no WAV file") from error
    if not samples:
        raise WavRefused("the file holds no sound")
    return ulaw_from_samples(_at_8_khz(samples[::channels], rate))


def _whole_samples(raw: bytes) -> "array[int]":
    """A file that was cut off may end within one."""
    return array("h", raw[: len(raw) // _SAMPLE_BYTES * _SAMPLE_BYTES])


def _at_8_khz(samples: "array[int]", rate: int) -> "array[int]":
    """Averages what falls into one sample: a crude low pass, enough for speech on a telephone."""
    if rate == RATE:
        return samples
    count, step = len(samples) * RATE // rate, rate / RATE
    made = array("h", bytes(_SAMPLE_BYTES * count))
    for index in range(count):
        part = samples[int(index * step) : max(int((index + 1) * step), int(index * step) + 1)]
        made[index] = sum(part) // len(part)
    return made


def wav_header(audio_bytes: int, channels: int) -> bytes:
    """The header of a file with 16 bit samples at 8 kHz, for that many bytes of them."""
    align = channels * _SAMPLE_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + audio_bytes, b"WAVE",
        b"fmt ", 16, 1, channels, RATE, RATE * align, align, 8 * _SAMPLE_BYTES,
        b"data", audio_bytes,
    )  # fmt: skip


def wav_of_ulaw(ulaw: bytes) -> bytes:
    """A WAV file with u-law as it is (format 7), half as long as one with 16 bit samples.

    >>> len(wav_of_ulaw(b"\\xff" * 160))
    204
    """
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + len(ulaw), b"WAVE", b"fmt ", 16, 7, 1, RATE, RATE, 1, 8, b"data", len(ulaw),
    )  # fmt: skip
    return head + ulaw
