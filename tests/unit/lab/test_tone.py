"""The measure itself: a tone is measured as it arrived, a hole is found, another tone is not taken for it."""

import wave
from array import array
from pathlib import Path

from ringfence.lab import tone


def _write(path: Path, samples: list[int]) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(tone.RATE)
        out.writeframes(array("h", samples).tobytes())
    return path


def test_a_tone_is_measured_with_its_duration(tmp_path: Path) -> None:
    tone.write_tone(tmp_path / "a.wav", 400, 5.0)
    heard = tone.listen(tmp_path / "a.wav", 400)
    assert (heard.seconds, heard.longest_gap, heard.is_whole) == (5.0, 0.0, True)


def test_another_tone_is_not_taken_for_it(tmp_path: Path) -> None:
    tone.write_tone(tmp_path / "a.wav", 700, 1.0)
    assert tone.listen(tmp_path / "a.wav", 400).seconds == 0
    assert tone.dominant(tmp_path / "a.wav", (400, 700)) == 700


def test_a_hole_in_the_middle_is_found(tmp_path: Path) -> None:
    samples = tone.sine(400, 1.0) + [0] * 1600 + tone.sine(400, 1.0)
    heard = tone.listen(_write(tmp_path / "a.wav", samples), 400)
    assert heard.longest_gap == 0.2
    assert not heard.is_whole


def test_silence_and_a_missing_header_hold_no_tone(tmp_path: Path) -> None:
    assert tone.listen(_write(tmp_path / "a.wav", [0] * 8000), 400).seconds == 0
    (tmp_path / "b.wav").write_bytes(b"nonsense")
    assert tone.listen(tmp_path / "b.wav", 400).recorded == 0


def test_alaw_has_the_codes_of_the_standard() -> None:
    """ITU-T G.711: positive and negative zero, and the ends of the scale."""
    assert [tone.alaw(value) for value in (0, -1, 32767, -32768)] == [0xD5, 0x55, 0xAA, 0x2A]
