"""Has the core take its files over: its certificates while it runs, or everything by a new start.

Runs as the core's own account. A new start keeps calls and registrations (docs/adr/0005, docs/adr/0020).
"""

import logging
import re
import subprocess
import time
from pathlib import Path
from typing import Final

from ringfence.engines.corestart import restart_core
from ringfence.engines.system import System
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.transports import read_transports

TAKEN_WITHIN: Final = 8.0
"""A core that was just started listens before it can be asked."""

CONTROL_SECONDS: Final = 10.0
ASK_AGAIN: Final = 1.0
ROOM: Final = 100 << 20
"""Bytes. Each reading of the certificates takes about 42 MB of the workers' shared memory, given back only when the
last connection that began under it is closed (measured with Kamailio 6.0.1); this is enough for two."""

log = logging.getLogger("transports")


def take_over(system: System) -> bool:
    """Whether core and SBC took their certificates anew. Connections stay, unless the core has no room for one more
    reading: then it starts anew, before calls suffer."""
    if _lacks_room(system):
        log.warning("the core starts anew, it has no room to read its certificates once more")
        return not restart_core(system.paths, read_transports(system.paths.transports))
    until = time.monotonic() + TAKEN_WITHIN
    while not _reload(system):
        if time.monotonic() > until:
            return False
        time.sleep(ASK_AGAIN)
    return True


def _reload(system: System) -> bool:
    """Without a secure transport there is nothing to take."""
    paths, sbc = system.paths, read_sbc(system.paths.sbc_switch)
    sockets = [paths.sbc_control] if sbc.enabled else []
    if sbc.has_link or any(one.protocol.is_secure for one in read_transports(paths.transports)):
        sockets.append(paths.core_control)
    return sum(_asked(control, "tls.reload") is not None for control in sockets) == len(sockets)


def _lacks_room(system: System) -> bool:
    found = re.search(r"free: (\d+)", _asked(system.paths.core_control, "core.shmmem") or "")
    return found is not None and int(found[1]) < ROOM


def _asked(control: Path, command: str) -> str | None:
    """What Kamailio answers; None if it refuses or does not answer."""
    words = ["kamcmd", "-s", f"unix:{control}", command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=CONTROL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.error("%s: %s", command, error)
        return None
    if done.returncode or done.stdout.startswith("error"):
        log.error("%s: %s", command, (done.stdout + done.stderr).strip())
        return None
    return done.stdout
