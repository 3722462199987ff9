"""Who may make no outside calls for the moment. The guard writes, workers read.

While nothing changes a look costs one memory read.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from ringfence.store import words

RETRY_SECONDS: Final = 1.0


def _word_file(folder: Path) -> Path:
    return folder / "version"


def _names_file(folder: Path) -> Path:
    return folder / "suspended.json"


class SuspensionWriter:
    """The guard's side. The names are swapped in whole; a killed guard leaves the old ones in force."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._words = words.made(_word_file(folder), 1)

    def replace_all(self, names: Iterable[str]) -> None:
        """Exactly these, such as `extension:101@a.example`, are suspended. Raises OSError; then the old ones stay."""
        fresh = _names_file(self._folder).with_suffix(".new")
        fresh.write_text(json.dumps(sorted(names)))
        fresh.chmod(0o640)
        fresh.replace(_names_file(self._folder))
        self._words[0] += 1

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

    def _read(self, now: float) -> None:
        try:
            if self._words is None:
                self._words = words.seen(_word_file(self._folder), 1)
            version = self._words[0]
            self._names = frozenset(json.loads(_names_file(self._folder).read_bytes())) if version else frozenset()
            self._version = version
        except (OSError, ValueError, TypeError):
            self._next_try = now + RETRY_SECONDS
