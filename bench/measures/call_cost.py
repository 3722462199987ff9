"""Processor time for one call set up and torn down, every process of the system charged."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.load import customers
from bench.load.callers import call
from bench.load.phones import account, register
from bench.measures.registration_cost import SETTLE_SECONDS, WARMING_RATE, Load, Point
from bench.rig.charge import busy_share, processes_in, spent
from bench.rig.network import Network, inode
from bench.rig.processes import SYSTEM_PROCESSOR
from bench.systems.system import System

WARMING = Load(50, 100)
CALLEE = account(1).user


def measured(net: Network, system: str, phone_book: Path, folder: Path, load: Load, called: str = CALLEE) -> Point:
    """One load against the system that is running now; somebody must be there who answers."""
    namespace = inode(net.server)
    busy = busy_share(0.3, SYSTEM_PROCESSOR)
    before = processes_in(namespace)
    outcome = call(net, phone_book, folder, called, rate=load.rate, count=load.count)
    time.sleep(SETTLE_SECONDS)
    return Point(system, load, outcome, spent(before, processes_in(namespace)), busy)


@contextmanager
def ready(net: Network, system: System, phone_book: Path, folder: Path, called: str = CALLEE) -> Iterator[None]:
    """The system with its phones registered, one of them answering, and its caches warm.

    Phones that call have registered before; to a guard, strangers who send as much would be a flood.
    """
    with system.up():
        phones = len(phone_book.read_text().splitlines()) - 1
        register(net, phone_book, folder, rate=WARMING_RATE, count=phones)
        with customers.callee(net, folder / "callee"):
            measured(net, system.name, phone_book, folder, WARMING, called)
            yield


def interleaved(
    net: Network, systems: Sequence[System], phone_book: Path, folder: Path, load: Load, repeats: int
) -> tuple[Point, ...]:
    """Starts each system in turn, `repeats` times round; its callee registers and answers."""
    points: list[Point] = []
    for _ in range(repeats):
        for system in systems:
            with ready(net, system, phone_book, folder):
                points.append(measured(net, system.name, phone_book, folder, load))
    return tuple(points)
