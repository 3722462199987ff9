"""Starts the SIP core again for a new file: it is ended, the supervisor starts it, its calls are given to it
(docs/adr/0005)."""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ringfence.engines.supervision.probes import answers_options, transports_are_bound
from ringfence.hosts import ports
from ringfence.hosts.paths import Paths
from ringfence.hosts.transports import SipTransport

STARTED_WITHIN: Final = 20.0
POLL: Final = 0.05


def restart_core(paths: Paths, wanted: Iterable[SipTransport]) -> str:
    """Ends the core, which is started again by itself; a complaint if it does not serve in time. That it listens is not
    enough: one that ends soon afterwards binds its ports again with each start.
    """
    old, transports = core_pid(paths.core_pid), tuple(wanted)
    if not old:
        return ""
    os.kill(old, signal.SIGTERM)
    until = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < until:
        now = core_pid(paths.core_pid)
        if now not in (0, old) and transports_are_bound(transports) and answers_options(ports.CORE_TO_VOICE):
            return ""
        time.sleep(POLL)
    if transports_are_bound(transports):
        return "it listens and does not serve"
    return "it does not listen on all of its ports"


def core_pid(path: Path) -> int:
    """The core's main process, 0 while there is none."""
    try:
        pid = int(path.read_text(encoding="ascii"))
        os.kill(pid, 0)
    except (OSError, ValueError):
        return 0
    return pid
