"""Progress, line by line, with the time since the start."""

import sys
import time


class Progress:
    def __init__(self) -> None:
        self._began = time.monotonic()

    def step(self, what: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - self._began:5.1f} s] {what}\n")
        sys.stdout.flush()

    def text(self, lines: str) -> None:
        sys.stdout.write(f"\n{lines}\n")
        sys.stdout.flush()
