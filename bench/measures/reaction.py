"""From the packet that crosses the threshold of failed authentications to the first packet that dies in the kernel.

Each attacker answers challenges with a wrong secret until the limit is reached, then keeps sending: the first of its
messages from which on nothing is answered any more was dropped.
"""

import socket
import time
from dataclasses import dataclass
from typing import Final

from bench.load import messages
from bench.load.phones import account
from bench.rig.network import SERVER_ADDRESS, Network, attack_address, open_socket

LIMIT: Final = 50
"""Failed authentications: the reference's default, and the `maxretry` fail2ban gets."""

_SERVER: Final = (SERVER_ADDRESS, 5060)


@dataclass(frozen=True, slots=True)
class Watch:
    """How closely and how long the attacker looks whether it still gets answers, in seconds."""

    spacing: float
    duration: float

    @property
    def patience(self) -> float:
        """Silence of this length means that we are cut off: a hundred messages without an answer."""
        return 100 * self.spacing


def reaction(net: Network, number: int, watch: Watch) -> float | None:
    """Seconds from the crossing packet to the first dropped one; None when it was never cut off."""
    with open_socket(net.attacker, attack_address(number)) as link:
        address, port = link.getsockname()
        sender = messages.Sender(address, port, account(11))
        crossed = _fail(link, sender, LIMIT)
        return _first_silence(link, sender, crossed, watch)


def _fail(link: socket.socket, sender: messages.Sender, times: int) -> float:
    """Sends `times` wrong answers and returns when the last one left."""
    link.settimeout(2.0)
    nonce = messages.nonce_of(_exchange(link, messages.register(sender, "first")))
    for number in range(times - 1):
        wrong = messages.register(sender, f"wrong{number}", authorization=messages.wrong_answer(sender, nonce))
        nonce = messages.nonce_of(_exchange(link, wrong))
    link.sendto(messages.register(sender, "last", authorization=messages.wrong_answer(sender, nonce)), _SERVER)
    return time.monotonic()


def _exchange(link: socket.socket, message: bytes) -> bytes:
    link.sendto(message, _SERVER)
    return link.recv(4096)


def _first_silence(link: socket.socket, sender: messages.Sender, crossed: float, watch: Watch) -> float | None:
    link.settimeout(0)
    sent: list[float] = []
    heard = -1
    while (now := time.monotonic()) < crossed + watch.duration:
        if len(sent) <= (now - crossed) / watch.spacing:
            link.sendto(messages.register(sender, f"look{len(sent)}x"), _SERVER)
            sent.append(now - crossed)
        heard = max(heard, _last_heard(link))
        if heard >= 0 and sent[-1] - sent[heard] > watch.patience:
            break
        time.sleep(0.00005)
    time.sleep(watch.patience)
    heard = max(heard, _last_heard(link))
    return sent[heard + 1] if heard + 1 < len(sent) else None


def _last_heard(link: socket.socket) -> int:
    """The highest serial among the answers that wait, -1 if there is none."""
    highest = -1
    while True:
        try:
            answer = link.recv(4096)
        except BlockingIOError:
            return highest
        at = answer.find(b"z9hG4bKlook")
        if at >= 0:
            highest = max(highest, int(answer[at + 11 :].partition(b"x")[0]))
