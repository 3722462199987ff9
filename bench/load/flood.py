"""A flood of packets with invented sources: a packet socket, whole frames, hundreds handed to the kernel at once.

Runs as a process of its own (`python -m bench.load.flood`) in the attacker's namespace and prints what it did as one
line of JSON. It runs only when its processor has nothing else to do, so that the phones beside it are not starved.
"""

import argparse
import ctypes
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from bench.load import messages
from bench.load.phones import account
from bench.rig.network import SERVER_ADDRESS, Network, attack_address, attacked_mac
from bench.rig.processes import GENERATOR_PROCESSOR, running, start

LINK: Final = "up0"
BURST: Final = 64
_IP: Final = struct.Struct("!BBHHHBBH4s4s")
_UDP: Final = struct.Struct("!HHHH")
_ETHERTYPE_IPV4: Final = b"\x08\x00"
_PORT: Final = 5060
_CHECKOUT: Final = Path(__file__).parents[2]
_LONGEST_SECONDS: Final = 120


class Kind(StrEnum):
    """What the packets of a flood say."""

    REGISTER = "register"
    INVITE = "invite"
    GARBAGE = "garbage"
    BROKEN_UTF8 = "broken-utf8"


@dataclass(frozen=True, slots=True)
class Sent:
    """What one flood came to: packets, seconds, and the nanoseconds of processor time that sending took.

    On a veth pair the receiving kernel works in the sender's time, so dropping is in here too.
    """

    packets: int
    seconds: float
    cpu_ns: int


@dataclass(frozen=True, slots=True)
class Load:
    """How much of what, from how many invented sources; `rate` 0 means as fast as it goes."""

    kind: Kind
    sources: int
    rate: int
    count: int
    named: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """The same on a command line."""
        named = [word for source in self.named for word in ("--source", source)]
        counts = ["--sources", str(self.sources), "--rate", str(self.rate), "--count", str(self.count)]
        return ["--kind", self.kind, *counts, *named]


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """struct mmsghdr (sendmmsg(2))."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("sent", ctypes.c_uint),
    )


class Frames:
    """Frames laid out once for sendmmsg(2), sent round and round."""

    def __init__(self, link: socket.socket, frames: Sequence[bytes]) -> None:
        self._link = link
        self._buffers = [ctypes.create_string_buffer(frame, len(frame)) for frame in frames]
        self._vectors = (_Vector * len(frames))()
        self._messages = (_Message * len(frames))()
        for number, buffer in enumerate(self._buffers):
            self._vectors[number] = _Vector(ctypes.addressof(buffer), len(buffer))
            self._messages[number].vectors = ctypes.pointer(self._vectors[number])
            self._messages[number].vector_count = 1
        self._library = ctypes.CDLL(None, use_errno=True)
        self._next = 0

    def send(self, count: int) -> int:
        """Sends up to `count` frames and returns how many left. Raises OSError."""
        count = min(count, len(self._messages) - self._next)
        start = ctypes.byref(self._messages, self._next * ctypes.sizeof(_Message))
        done = int(self._library.sendmmsg(self._link.fileno(), start, count, 0))
        if done < 0:
            raise OSError(ctypes.get_errno(), "sendmmsg")
        self._next = (self._next + done) % len(self._messages)
        return done


def payload(kind: Kind, source: str, number: int) -> bytes:
    """One message of this kind as if it came from `source`."""
    sender = messages.Sender(source, _PORT, account(number % 1000))
    match kind:
        case Kind.REGISTER:
            return messages.register(sender, f"flood{number}")
        case Kind.INVITE:
            return messages.invite(sender, f"flood{number}")
        case Kind.GARBAGE:
            return random.Random(number).randbytes(400)
        case Kind.BROKEN_UTF8:
            return messages.register(sender, f"flood{number}", b"Bench/\xff\xfe\xc3")


def frame(source: str, target: str, macs: tuple[bytes, bytes], content: bytes) -> bytes:
    """An Ethernet frame with IPv4 and UDP (checksum left out, RFC 768) from `source` to the SIP port of `target`."""
    udp = _UDP.pack(_PORT, _PORT, _UDP.size + len(content), 0) + content
    addresses = IPv4Address(source).packed, IPv4Address(target).packed
    words = (0x45, 0, _IP.size + len(udp), 0, 0, 64, socket.IPPROTO_UDP)
    bare = _IP.pack(*words, 0, *addresses)
    return macs[0] + macs[1] + _ETHERTYPE_IPV4 + _IP.pack(*words, _checksum(bare), *addresses) + udp


def _checksum(header: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def flood(frames: Frames, rate: int, count: int) -> Sent:
    """Sends `count` packets at `rate` per second, or as fast as it goes if `rate` is 0."""
    begin, cpu = time.monotonic(), time.thread_time_ns()
    sent = 0
    while sent < count:
        due = count if rate == 0 else min(count, int((time.monotonic() - begin) * rate) + 1)
        if due <= sent:
            time.sleep(min(0.001, BURST / rate))
            continue
        sent += frames.send(min(BURST, due - sent))
    return Sent(sent, time.monotonic() - begin, time.thread_time_ns() - cpu)


def _open() -> socket.socket:
    """A packet socket that only sends: protocol 0 receives nothing (packet(7))."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    link.bind((LINK, 0))
    return link


def _sources(given: Sequence[str], count: int) -> Iterable[str]:
    return given or [attack_address(number) for number in range(count)]


def start_flood(net: Network, load: Load, log: Path) -> "subprocess.Popen[bytes]":
    """Starts a flood beside whatever else runs; `result` reads what became of it."""
    log.unlink(missing_ok=True)
    words = [sys.executable, "-m", "bench.load.flood", "--server-mac", attacked_mac(net), *load.options()]
    return start(words, net.attacker, GENERATOR_PROCESSOR, log, cwd=_CHECKOUT)


def result(log: Path) -> Sent:
    """What a finished flood printed. Raises ValueError with its complaint."""
    text = log.read_text(errors="replace")
    try:
        return Sent(**json.loads(text.splitlines()[-1]))
    except (IndexError, ValueError, TypeError) as error:
        raise ValueError(f"the flood failed: {text[-600:]}") from error


def run_flood(net: Network, load: Load, log: Path) -> Sent:
    """One flood from its start to its end."""
    with running(start_flood(net, load, log)) as process:
        process.wait(_LONGEST_SECONDS)
    return result(log)


def main() -> int:
    arguments = _arguments()
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with _open() as link:
        macs = bytes.fromhex(arguments.server_mac.replace(":", "")), link.getsockname()[4]
        frames = [
            frame(source, SERVER_ADDRESS, macs, payload(Kind(arguments.kind), source, number))
            for number, source in enumerate(_sources(arguments.source, arguments.sources))
        ]
        sent = flood(Frames(link, frames * max(1, BURST // len(frames))), arguments.rate, arguments.count)
    print(json.dumps(asdict(sent)), flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=list(Kind), default=Kind.REGISTER)
    parser.add_argument("--sources", type=int, default=1, help="how many invented addresses take turns")
    parser.add_argument("--source", action="append", default=[], help="these addresses instead")
    parser.add_argument("--rate", type=int, default=0, help="packets per second; 0: as fast as it goes")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--server-mac", required=True)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
