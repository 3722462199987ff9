"""A process that hangs: it is there, and does nothing."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

STOPPED_WITHIN: Final = 5.0


def hang(pid: int) -> None:
    """Stops it, and waits until every thread stands: kill(2) returns before, and the others answer meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + STOPPED_WITHIN
    while not _stands(pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} does not stop")
        time.sleep(0.001)


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """It goes on afterwards, unless somebody has ended it."""
    hang(pid)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _stands(pid: int) -> bool:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)
