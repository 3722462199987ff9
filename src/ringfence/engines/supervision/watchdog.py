"""Whether a media relay that runs still works: one that hangs is ended, for then it is started anew at once.

It is asked over its control port (rtpengine: `ping`). Nothing of what it says is read: that it says something is
enough, however late. One that is asked more than it can do never gets our question, which the kernel drops before its
full queue; but it goes on taking from that queue, and one that hangs does not (docs/adr/0072).
"""

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ringfence.engines.supervision.probes import UDP_TABLES

EVERY: Final = 1.0
PATIENCE: Final = 6
"""So many questions in a row without a word in between: longer than the core gives up on a relay and asks it again."""

LATE: Final = 0.5
"""Seconds by which a round may be late. Later, this process itself had to wait: silence proves nothing then."""

LOOKS: Final = 15
LOOK_EVERY: Final = 0.1
LONGEST_ANSWER: Final = 512


@dataclass(slots=True)
class Silence:
    """How often in a row nothing was heard, of the rounds that were on time."""

    rounds: int = 0

    def is_too_long_after(self, heard: bool, lasted: float) -> bool:
        if heard:
            self.rounds = 0
        elif lasted <= EVERY + LATE:
            self.rounds += 1
        return self.rounds >= PATIENCE


async def fallen_silent(port: int) -> None:
    """Returns when what listens on this port of loopback has not answered for too long."""
    silence = Silence()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setblocking(False)
        link.connect(("127.0.0.1", port))
        while True:
            began = time.monotonic()
            asked = _ask(link)
            await asyncio.sleep(EVERY)
            if silence.is_too_long_after(_heard(link) or not asked, time.monotonic() - began):
                if takes_nothing(await _queue_lengths(port)):
                    return
                silence.rounds = 0


def takes_nothing(lengths: Sequence[int]) -> bool:
    """Whether a queue that was looked at so often never became shorter."""
    return all(later >= earlier for earlier, later in pairwise(lengths))


async def _queue_lengths(port: int) -> list[int]:
    found = []
    for _ in range(LOOKS):
        found.append(waiting_bytes(port))
        await asyncio.sleep(LOOK_EVERY)
    return found


def waiting_bytes(port: int) -> int:
    """What the kernel keeps for who listens on this UDP port and was not taken yet (proc_net_udp: rx_queue)."""
    wanted, total = f":{port:04X}", 0
    for table in UDP_TABLES:
        for line in table.read_text(encoding="ascii").splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[1].endswith(wanted):
                total += int(fields[4].partition(":")[2], 16)
    return total


def _ask(link: socket.socket) -> bool:
    """Each question has a name of its own, or the relay would repeat what it said before. False: it did not leave."""
    try:
        link.send(b"%d d7:command4:pinge" % time.monotonic_ns())
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True


def _heard(link: socket.socket) -> bool:
    """Whether anything came; that nobody listens there is no answer."""
    heard = False
    while True:
        try:
            link.recv(LONGEST_ANSWER)
        except OSError:
            return heard
        heard = True
