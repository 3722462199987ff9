"""The processes of nginx that take connections. A reload starts new ones and asks the old ones to go, in this order."""

from pathlib import Path
from typing import Final

from ringfence.hosts.paths import Paths

PROCESSES: Final = Path("/proc")
AT_WORK: Final = b"nginx: worker process"
"""What nginx calls a worker. It adds "is shutting down" when it closes its ports; connections go on to their end."""


def workers_of(paths: Paths) -> frozenset[int]:
    """Those that take connections now; none if nginx does not run."""
    try:
        main = (paths.nginx / "nginx.pid").read_text(encoding="ascii").strip()
        told = (PROCESSES / main / "task" / main / "children").read_text(encoding="ascii")
    except OSError:
        return frozenset()
    return frozenset(pid for pid in map(int, told.split()) if takes_connections(pid))


def takes_connections(worker: int) -> bool:
    """Whether it still does."""
    try:
        return (PROCESSES / str(worker) / "cmdline").read_bytes().strip(b"\0 ") == AT_WORK
    except OSError:
        return False
