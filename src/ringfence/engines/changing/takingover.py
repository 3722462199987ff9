"""Has the core take its files over: its certificates while it runs, or everything by a new start.

Runs as the core's own account. A new start keeps calls and registrations (docs/adr/0005, docs/adr/0020).
"""

import logging
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from ringfence.engines.supervision.corestart import restart_core
from ringfence.engines.system import System
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.transports import read_transports

TAKEN_WITHIN: Final = 8.0
"""A core that was just started listens before it can be asked."""

CONTROL_SECONDS: Final = 10.0
ASK_AGAIN: Final = 1.0
ROOM: Final = 100 << 20
"""Bytes. Each reading of the certificates is given back only when the last connection that began under it is closed. It
takes 1 to 3 MB of the workers' shared memory; a list of authorities in the place of the host's adds its size for every
process (42 MB for as long a list as the host's; measured with Kamailio 6.0.1)."""

log = logging.getLogger("transports")


def take_over(system: System) -> bool:
    """Whether core and SBC took their certificates anew. Connections stay, unless one of them has no room for one more
    reading: then it starts anew, before calls suffer."""
    paths, sbc = system.paths, read_sbc(system.paths.sbc_switch)
    if sbc.enabled and not sbc_takes_over(system):
        return False
    if not (sbc.has_link or any(one.protocol.is_secure for one in read_transports(paths.transports))):
        return True  # without a secure transport there is nothing to take
    if _lacks_room(paths.core_control):
        log.warning("the core starts anew, it has no room to read its certificates once more")
        return not restart_core(paths, read_transports(paths.transports))
    return _reloaded(paths.core_control)


def sbc_takes_over(system: System) -> bool:
    """The same of the SBC alone."""
    if not _lacks_room(system.paths.sbc_control):
        return _reloaded(system.paths.sbc_control)
    log.warning("the SBC starts anew, it has no room to read its certificates once more")
    begin_sbc_anew(system)
    return True


def _reloaded(control: Path) -> bool:
    until = time.monotonic() + TAKEN_WITHIN
    while _asked(control, "tls.reload") is None:
        if time.monotonic() > until:
            return False
        time.sleep(ASK_AGAIN)
    return True


def begin_sbc_anew(system: System) -> None:
    """Ends the SBC, which another account runs; the supervisor starts it again."""
    _asked(system.paths.sbc_control, "core.kill", str(int(signal.SIGTERM)))


def _lacks_room(control: Path) -> bool:
    found = re.search(r"free: (\d+)", _asked(control, "core.shmmem") or "")
    return found is not None and int(found[1]) < ROOM


def _asked(control: Path, command: str, *values: str) -> str | None:
    """What Kamailio answers; None if it refuses or does not answer."""
    words = ["kamcmd", "-s", f"unix:{control}", command, *values]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=CONTROL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.error("%s: %s", command, error)
        return None
    if done.returncode or done.stdout.startswith("error"):
        log.error("%s: %s", command, (done.stdout + done.stderr).strip())
        return None
    return done.stdout
