"""G.711 (ITU-T) both ways, and WAV files as they come from people."""

import io
import wave
from array import array

import pytest

from ringfence.audio.g711 import ALAW_OF_ULAW, ULAW_OF_ALAW, samples_from_ulaw, ulaw_from_samples
from ringfence.audio.wav import WavRefused, ulaw_from_wav, wav_header
from ringfence.lab import tone


def test_a_tone_survives_both_laws() -> None:
    """Within the step of the quantisation; A-law as an independent encoder makes it."""
    samples = array("h", tone.sine(440, 0.2))
    ulaw = ulaw_from_samples(samples)
    for again in (ulaw, ulaw.translate(ALAW_OF_ULAW).translate(ULAW_OF_ALAW)):
        back = array("h", samples_from_ulaw(again))
        assert max(abs(a - b) for a, b in zip(samples, back, strict=True)) < 300
    alaw = bytes(tone.alaw(sample) for sample in samples)
    back = array("h", samples_from_ulaw(alaw.translate(ULAW_OF_ALAW)))
    assert max(abs(a - b) for a, b in zip(samples, back, strict=True)) < 500


def wav(rate: int = 8000, channels: int = 1, width: int = 2, seconds: float = 0.5) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(b"\x01" * round(rate * seconds) * channels * width)
    return out.getvalue()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2), (44100, 1), (48000, 2)])
def test_wav_files_become_ulaw_at_8_khz(rate: int, channels: int) -> None:
    assert len(ulaw_from_wav(wav(rate, channels))) == 4000


@pytest.mark.parametrize("data", [b"", b"RIFF....", wav(11025), wav(width=1), wav(channels=3), wav(seconds=0)])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(WavRefused):
        ulaw_from_wav(data)


def test_a_file_that_was_cut_off_within_a_sample_is_taken_as_far_as_it_goes() -> None:
    """An upload that broke off: its header promises more than there is."""
    assert len(ulaw_from_wav(wav()[:-101])) == 4000 - 51


@pytest.mark.parametrize("length", [0xFFFFFFF0, 0x7FFFFFFE, 600_000])
def test_a_chunk_that_ends_beyond_the_file_is_refused(length: int) -> None:
    """A header of 2 GB: nothing is read that is not there, and it is no fault of ours."""
    raw = wav()
    with pytest.raises(WavRefused):
        ulaw_from_wav(raw[:12] + b"junk" + length.to_bytes(4, "little") + raw[12:])


def test_a_long_file_is_refused() -> None:
    with pytest.raises(WavRefused, match="1 seconds"):
        ulaw_from_wav(wav(seconds=2), 1)


def test_our_own_header_is_read_by_others() -> None:
    with wave.open(io.BytesIO(wav_header(8, 2) + bytes(8))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 2)
