"""A list that the guard writes and workers read: an LMDB file, and one word that says whether there is anything in it.

Nothing here is synced; whoever writes a list can make it anew.
"""

from pathlib import Path
from typing import Any, Final

import lmdb

from ringfence.store import words
from ringfence.store.broken import mend

MAX_READERS: Final = 512
RETRY_SECONDS: Final = 1.0


def open_for_writing(folder: Path, size: int) -> Any:
    """The environment, of `size` bytes at the most; a broken one is made anew. Raises OSError or lmdb.Error."""
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    mend(folder)
    env = lmdb.open(str(folder), map_size=size, max_readers=MAX_READERS, mode=0o640, sync=False)
    env.reader_check()
    (folder / "lock.mdb").chmod(0o660)  # readers register themselves in the lock file
    return env


class ListReader:
    """A worker's side; open it after the fork. While there is no guard yet the list is empty, and it looks again each
    second.
    """

    def __init__(self, folder: Path, word: str, size: int) -> None:
        self._folder, self._word, self._size = folder, word, size
        self._words: Any = None
        self._next_try = 0.0
        self.env: Any = None

    def holds_any(self, now: float) -> bool:
        """Whether there is anything to ask for; `now` is in seconds, on any clock."""
        return (self._words is not None or self._open(now)) and self._words[0] != 0

    def _open(self, now: float) -> bool:
        if now < self._next_try:
            return False
        self._next_try = now + RETRY_SECONDS
        try:
            env = lmdb.open(
                str(self._folder), map_size=self._size, max_readers=MAX_READERS, readonly=True, create=False
            )
            self._words = words.seen(self._folder / self._word, 1)
        except (OSError, ValueError, lmdb.Error):
            return False
        self.env = env
        return True
