"""What every process holds while calls, registrations and garbage go on for long: memory that grows is a leak."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.load import customers, messages
from bench.load.callers import call
from bench.load.phones import Outcome, account, register
from bench.measures.contact_memory import used
from bench.rig.charge import processes_in, resident_memory
from bench.rig.network import SERVER_ADDRESS, Network, attack_address, inode, open_socket

CALLS_PER_SECOND: Final = 25
REGISTRATIONS_PER_SECOND: Final = 15
GARBAGE_PER_SECOND: Final = 7
"""Of some 130 messages a second of customers a twentieth."""

CHUNK_SECONDS: Final = 60
WARM_SHARE: Final = 1 / 3
"""This much of the looks is warming up and not judged."""

_SOURCES: Final = 300
PORT: Final = 5070
SHARED: Final = "shared memory of the core"


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes that one process, or the core's shared memory, holds at rest, by seconds since the start."""

    name: str
    pid: int
    looks: tuple[tuple[float, int], ...]

    @property
    def judged(self) -> tuple[tuple[float, int], ...]:
        return self.looks[int(len(self.looks) * WARM_SHARE) :]

    @property
    def percent_per_hour(self) -> float:
        """The slope of the straight line through the judged looks, to what was held at their beginning.

        >>> Held("x", 1, ((0.0, 100), (1800.0, 100), (3600.0, 101))).percent_per_hour
        2.0
        """
        looks = self.judged
        if len(looks) < 2 or not looks[0][1]:
            return 0.0
        mean_x, mean_y = (sum(values) / len(looks) for values in zip(*looks, strict=True))
        over = sum((at - mean_x) * (held - mean_y) for at, held in looks)
        under = sum((at - mean_x) ** 2 for at, _ in looks)
        return float(over / under) * 3600 / looks[0][1] * 100


@dataclass(frozen=True, slots=True)
class Soak:
    """What was held, what became of the customers' load, and how many processes ended meanwhile."""

    held: tuple[Held, ...]
    calls: Outcome
    registrations: Outcome
    ended: int


def soaked(net: Network, control: Path, books: tuple[Path, Path], folder: Path, minutes: int) -> Soak:
    """Load and rest in turn; `books` are the phones that call and those that register. The system is running."""
    begun, calls, registrations = time.monotonic(), [], []
    looks: dict[tuple[str, int], list[tuple[float, int]]] = {}
    callers, others = books
    for _ in range(minutes):
        with customers.callee(net, folder / "callee"), garbage(net):
            beside = _beside(lambda: registrations.append(_registered(net, others, folder / "registering")))
            seconds = CHUNK_SECONDS
            calls.append(
                call(net, callers, folder, account(1).user, rate=CALLS_PER_SECOND, count=CALLS_PER_SECOND * seconds)
            )
            beside.join()
        print(f"  minute {len(calls)}: {calls[-1]}, {registrations[-1]}", flush=True)
        shared = used(control, settled=True)
        at = time.monotonic() - begun
        looks.setdefault((SHARED, 0), []).append((at, shared))
        for process in processes_in(inode(net.server)):
            looks.setdefault((process.name, process.pid), []).append((at, resident_memory(process.pid)))
    whole = [Held(name, pid, tuple(seen)) for (name, pid), seen in looks.items() if len(seen) == minutes]
    return Soak(tuple(whole), _sum(calls), _sum(registrations), len(looks) - len(whole))


@contextmanager
def garbage(net: Network) -> Iterator[None]:
    """Every hostile kind in turn, from many sources, until the block ends."""
    over = threading.Event()
    sending = _beside(lambda: _send_garbage(net, over))
    try:
        yield
    finally:
        over.set()
        sending.join()


def _send_garbage(net: Network, over: threading.Event) -> None:
    packets = [packet for kind in messages.hostile_kinds().values() for packet in kind]
    links = [open_socket(net.attacker, attack_address(number), 5060) for number in range(_SOURCES)]
    for number in itertools.count():
        if over.wait(1 / GARBAGE_PER_SECOND):
            break
        links[number % len(links)].sendto(packets[number % len(packets)], (SERVER_ADDRESS, 5060))
    for link in links:
        link.close()


def _beside(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _registered(net: Network, book: Path, folder: Path) -> Outcome:
    folder.mkdir(exist_ok=True)
    count = REGISTRATIONS_PER_SECOND * CHUNK_SECONDS
    return register(net, book, folder, rate=REGISTRATIONS_PER_SECOND, count=count, port=PORT)


def _sum(outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(
        sum(one.done for one in outcomes),
        sum(one.failed for one in outcomes),
        sum(one.retransmitted for one in outcomes),
    )
