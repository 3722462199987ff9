"""A child together with what is known about its current process, and how long its next start waits."""

import asyncio
import subprocess
from dataclasses import dataclass, field
from typing import Final

from ringfence.engines.supervision.child import Child
from ringfence.engines.supervision.processes import Identity

LONG_RUN: Final = 10.0
"""Seconds after which a child counts as having run well: its next restart is immediate again."""


@dataclass(slots=True)
class Unit:
    """`written` is how long its log was when it was started; `reason` what it said when a start failed."""

    child: Child
    process: Identity | None = None
    opened: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    restarts: int = 0
    short_runs: int = 0
    failed_starts: int = 0
    ever_ready: bool = False
    written: int = 0
    reason: str = ""
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def argv(self) -> tuple[str, ...]:
        return self.child.argv + (self.child.loud if self.failed_starts else ())

    def starts_to_fail(self, reason: str) -> None:
        """One more start came to nothing; it stays known why when the next one says nothing at all."""
        self.failed_starts += 1
        self.reason = reason or self.reason

    def serves(self) -> None:
        self.ready.set()
        self.ever_ready = True
        if self.child.ready:
            self.has_started()

    def has_started(self) -> None:
        self.failed_starts = 0
        self.reason = ""

    def failed_to_start(self, code: int | None, lasted: float) -> bool:
        """Whether it ended before it served anybody. Of one that nobody can ask, an end with a complaint soon after its
        start counts as that."""
        if self.child.ready:
            return not self.ready.is_set()
        return code is not None and code > 0 and lasted < LONG_RUN


def restart_delay(short_runs: int, ever_ready: bool) -> float:
    """Seconds to wait before the next start, after so many short runs in a row.

    Immediate the first time, then at most half a second: killing does not pay. Only a child that never became ready (a
    broken installation) waits up to two seconds, so that it does not burn a processor.
    """
    if short_runs <= 1:
        return 0.0
    slowest = 0.5 if ever_ready or short_runs <= 6 else 2.0
    return min(0.1 * (short_runs - 1), slowest)
