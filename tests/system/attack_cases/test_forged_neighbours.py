"""Group D: who claims addresses of our own network that nobody has (attack case 42)."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host, inside
from ringfence.lab.softphone import Softphone

pytestmark = pytest.mark.usefixtures("oracle")

PACKETS: Final = 2_000
NOBODY: Final = [f"10.77.{200 + number // 200}.{1 + number % 200}" for number in range(200)]
SECONDS: Final = 3.0


def test_answers_to_nobody_keep_no_phone_waiting(phone: Callable[..., Softphone], stranger: Callable[[], Host]) -> None:
    """Each answer waited 3 s for a network card that does not exist. With 330 of them the socket was full, and every
    worker waited to send: from 110 packets a second on, far below any limit, nobody was served.
    """
    one, forger = phone("161"), stranger()
    flood = threading.Thread(target=_forge, args=(forger,))
    waits: list[float] = []
    flood.start()
    while flood.is_alive():
        begun = time.monotonic()
        assert one.options(timeout=2.0).status == 200
        waits.append(time.monotonic() - begun)
        time.sleep(0.02)
    flood.join()
    assert max(waits) <= 0.5, sorted(waits)[-5:]


def _forge(host: Host) -> None:
    """As many as unknown sources may send, evenly (IP_HDRINCL; udp(7), checksum 0: none)."""
    raw = inside(host.namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
    begun = time.monotonic()
    with raw:
        for number in range(PACKETS):
            raw.sendto(_packet(NOBODY[number % len(NOBODY)], number), (PBX_ADDRESS, 0))
            time.sleep(max(0.0, begun + SECONDS * number / PACKETS - time.monotonic()))


def _packet(source: str, number: int) -> bytes:
    uri = "sip:101@acme.example"
    headers = [
        ("Via", f"SIP/2.0/UDP {source}:5060;branch={sip.new_branch()}"),
        ("From", f"<{uri}>;tag={number}"),
        ("To", f"<{uri}>"),
        ("Call-ID", f"neighbour-{number}"),
        ("CSeq", "1 OPTIONS"),
        ("Max-Forwards", "70"),
    ]
    body = sip.compose(f"OPTIONS {uri} SIP/2.0", headers)
    ends = socket.inet_aton(source), socket.inet_aton(PBX_ADDRESS)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(body), 0, 0, 64, 17, 0, *ends)
    return head + struct.pack("!4H", 5060, 5060, 8 + len(body), 0) + body
