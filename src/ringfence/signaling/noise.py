"""Sums up refused requests, so that an attack packet costs far less than a line of log."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

FLUSH_SECONDS: Final = 5.0
MAX_RULES: Final = 64

Write = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class _Tally:
    count: int
    source: str
    user_agent: str


class Noise:
    """Counts by rule, with the last source as a sample; written at most every five seconds by each worker."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._tallies: dict[str, _Tally] = {}
        self._due = 0.0

    def add(self, rule: str, source: str, user_agent: str, now: float) -> None:
        """`now` is monotonic seconds."""
        tally = self._tallies.get(rule)
        if tally:
            tally.count += 1
            tally.source, tally.user_agent = source, user_agent
        elif len(self._tallies) < MAX_RULES:
            self._tallies[rule] = _Tally(1, source, user_agent)
        if now >= self._due:
            self.flush(now)

    def flush(self, now: float) -> None:
        self._due = now + FLUSH_SECONDS
        for rule, tally in self._tallies.items():
            self._write(
                {"rule": rule, "count": tally.count, "source": tally.source, "user_agent": tally.user_agent[:80]}
            )
        self._tallies.clear()
