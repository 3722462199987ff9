"""Who may make no outside calls for the moment, and until when calls are judged. The guard writes, workers read.

While nothing changes a look costs one memory read.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from ringfence.store import words

RETRY_SECONDS: Final = 1.0
WORDS: Final = 2
"""Which version of the names is in force, and until which monotonic nanosecond every call of the journal is charged."""


def _word_file(folder: Path) -> Path:
    return folder / "version"


def _names_file(folder: Path) -> Path:
    return folder / "suspended.json"


class SuspensionWriter:
    """The guard's side. The names are swapped in whole; a killed guard leaves the old ones in force."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._words = words.made(_word_file(folder), WORDS)

    def replace_all(self, names: Iterable[str]) -> None:
        """Exactly these, such as `extension:101@a.example`, are suspended. Raises OSError; then the old ones stay."""
        fresh = _names_file(self._folder).with_suffix(".new")
        fresh.write_text(json.dumps(sorted(names)))
        fresh.chmod(0o640)
        fresh.replace(_names_file(self._folder))
        self._words[0] += 1

    def tell_judged(self, until: float) -> None:
        """Whatever stood in the journal at this monotonic time has been charged."""
        self._words[1] = int(until * 1e9)

    def close(self) -> None:
        self._words.release()


class SuspensionReader:
    """A worker's side; open it after the fork. What it once read stays in force while the files cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._words: Any = None
        self._version = -1
        self._names: frozenset[str] = frozenset()
        self._next_try = 0.0

    def holds_one_of(self, names: Iterable[str], now: float) -> bool:
        """Whether one of them is suspended; `now` is monotonic seconds."""
        if (self._words is None or self._words[0] != self._version) and now >= self._next_try:
            self._read(now)
        return not self._names.isdisjoint(names)

    def is_judged(self, at: int) -> bool:
        """Whether a call that was in the journal at this monotonic nanosecond has been charged. Asked after
        `holds_one_of`, which opens the file; while nobody can tell, it has.
        """
        return self._words is None or self._words[1] >= at

    def _read(self, now: float) -> None:
        try:
            if self._words is None:
                self._words = words.seen(_word_file(self._folder), WORDS)
            version = self._words[0]
            self._names = frozenset(json.loads(_names_file(self._folder).read_bytes())) if version else frozenset()
            self._version = version
        except (OSError, ValueError, TypeError):
            self._next_try = now + RETRY_SECONDS
