"""What the system says: Debian's standard sounds, spoken numbers, and what administrators and people have recorded."""

import re
import wave
from array import array
from functools import lru_cache
from pathlib import Path
from typing import Final

from ringfence.audio.g711 import RATE, SILENCE, ulaw_from_samples

SOUNDS: Final = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
MUSIC: Final = Path("/usr/share/asterisk/moh")
_OWN: Final = re.compile(r"[a-z]+-[0-9]{1,18}")
_STANDARD: Final = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?")


class Prompts:
    """Reads a sound on its first use. A missing one is silence: a call goes on without it."""

    def __init__(self, own: Path, sounds: Path = SOUNDS) -> None:
        self._own = own
        self._sounds = sounds
        self._music = lru_cache(maxsize=1)(self._first_music)
        self.standard = lru_cache(maxsize=256)(self._standard)

    def _standard(self, name: str) -> bytes:
        """A sound of the package, such as `beep` or `digits/7`, as u-law."""
        path = self._sounds / f"{name}.wav"
        if not _STANDARD.fullmatch(name) or not path.exists():
            return SILENCE * (RATE // 4)
        with wave.open(str(path)) as file:
            return ulaw_from_samples(array("h", file.readframes(file.getnframes())))

    def _first_music(self) -> bytes:
        path = next(iter(sorted(MUSIC.glob("*.wav"))), None)
        if path is None:
            return SILENCE * (RATE * 60)
        with wave.open(str(path)) as file:
            return ulaw_from_samples(array("h", file.readframes(min(file.getnframes(), RATE * 60))))

    def own(self, name: str) -> bytes:
        """What the portal has laid out under this name, such as `announcement-7`; empty when there is none."""
        path = self._own / f"{name}.ulaw"
        return path.read_bytes() if _OWN.fullmatch(name) and path.exists() else b""

    def music(self) -> bytes:
        """A minute of music for whoever waits."""
        return self._music()

    def digits(self, text: str) -> bytes:
        """Digit by digit, as a number is dialled."""
        return b"".join(self.standard(f"digits/{digit}") for digit in text if digit.isdigit())

    def count(self, number: int) -> bytes:
        """As one counts, from 0 to 99; more is spoken digit by digit."""
        if number > 99:
            return self.digits(str(number))
        if number <= 20 or number % 10 == 0:
            return self.standard(f"digits/{number}")
        return self.standard(f"digits/{number // 10 * 10}") + self.standard(f"digits/{number % 10}")
