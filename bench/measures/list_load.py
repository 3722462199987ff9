"""From the commit of a very long block list to the first packet of a listed source that dies.

Meanwhile a banned source keeps sending: nothing of it may be answered.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bench.load import messages
from bench.load.phones import account
from bench.rig.network import SERVER_ADDRESS, Network, attack_address, open_socket

LISTED: Final = attack_address(50_001)
BANNED: Final = attack_address(50_002)
_SERVER: Final = (SERVER_ADDRESS, 5060)
_SILENCES: Final = 5
_ANSWER_SECONDS: Final = 0.05
_LONGEST_SECONDS: Final = 60.0
_BANNED_RATE: Final = 500


@dataclass(frozen=True, slots=True)
class Load:
    """Seconds until the list was in force (None: never), and answers that a banned source got meanwhile."""

    seconds: float | None
    slipped: int
    sent_by_banned: int


def load(net: Network, put_in_force: Callable[[], None]) -> Load:
    """`put_in_force` commits the list; LISTED is its last entry, BANNED is banned already."""
    with _banned_sending(net) as (sent, answered), open_socket(net.attacker, LISTED, 5060) as link:
        begin = time.monotonic()
        put_in_force()
        silent_at = _first_silence(link, begin)
    return Load(silent_at, answered[0], sent[0])


def _first_silence(link: socket.socket, begin: float) -> float | None:
    sender = messages.Sender(LISTED, 5060, account(3))
    link.settimeout(_ANSWER_SECONDS)
    silent_since, silences, number = 0.0, 0, 0
    while time.monotonic() - begin < _LONGEST_SECONDS:
        number += 1
        asked = time.monotonic()
        link.sendto(messages.register(sender, f"listed{number}"), _SERVER)
        if _answered(link):
            silences = 0
            continue
        silent_since = silent_since if silences else asked
        silences += 1
        if silences == _SILENCES:
            return silent_since - begin
    return None


def _answered(link: socket.socket) -> bool:
    try:
        return bool(link.recv(4096))
    except TimeoutError:
        return False


@contextmanager
def _banned_sending(net: Network) -> Iterator[tuple[list[int], list[int]]]:
    """A banned source that sends all the time; yields how much it sent and what was answered."""
    sent, answered = [0], [0]
    stop = threading.Event()
    sender = messages.Sender(BANNED, 5060, account(4))

    def send(link: socket.socket) -> None:
        link.setblocking(False)
        while not stop.wait(1 / _BANNED_RATE):
            sent[0] += 1
            link.sendto(messages.register(sender, f"banned{sent[0]}"), _SERVER)
            try:
                answered[0] += bool(link.recv(4096))
            except BlockingIOError:
                continue

    with open_socket(net.attacker, BANNED, 5060) as link:
        sending = threading.Thread(target=send, args=(link,))
        sending.start()
        try:
            yield sent, answered
        finally:
            stop.set()
            sending.join()
