"""Room for datagrams that wait in the kernel until somebody says at which network card their receiver is.

Strangers who claim free addresses of our own network get answers that wait three seconds each, for nobody. What waits
counts against the socket that sent it; with no room left every worker of the SIP core waits as well. `maxsndbuffer` in
its configuration and the package's sysctl file ask for the same number.
"""

from pathlib import Path
from typing import Final

SEND_ROOM: Final = 4 << 20
"""Bytes, and the kernel doubles them. Unknown sources share 500 packets a second and as many at first; an answer takes
2,304 bytes at most.
"""

LIMIT: Final = Path("/proc/sys/net/core/wmem_max")


def ensure_send_room(limit: Path = LIMIT) -> int:
    """Raises what the kernel lets a socket have, never lowers it. The bytes that are missing in the end."""
    allowed = _allowed(limit)
    if allowed >= SEND_ROOM:
        return 0
    try:
        limit.write_text(str(SEND_ROOM), encoding="ascii")
    except OSError:
        return SEND_ROOM - allowed
    return SEND_ROOM - _allowed(limit)


def _allowed(limit: Path) -> int:
    """What cannot be read, as in the network namespace of an older kernel, cannot be told either."""
    try:
        return int(limit.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return SEND_ROOM
