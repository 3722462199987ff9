"""Processor time for one authenticated registration (two requests), every process of the system charged."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench.load.phones import Outcome, register
from bench.rig.charge import busy_share, processes_in, spent
from bench.rig.network import Network, inode
from bench.rig.processes import SYSTEM_PROCESSOR
from bench.systems.system import System

SETTLE_SECONDS: Final = 0.4
"""After the last answer, so that time spent on reading the journal or writing the database is charged too."""


WARMING_RATE: Final = 4000
"""Registrations per second before the first point."""


@dataclass(frozen=True, slots=True)
class Load:
    """How fast and how often the phones register."""

    rate: int
    count: int


@dataclass(frozen=True, slots=True)
class Point:
    """One measured point."""

    system: str
    load: Load
    outcome: Outcome
    nanoseconds: dict[str, int]
    busy_before: float

    @property
    def microseconds(self) -> float:
        """Processor microseconds for one registration."""
        return sum(self.nanoseconds.values()) / 1000 / max(1, self.outcome.done)


def measure(net: Network, system: str, phone_book: Path, folder: Path, load: Load) -> Point:
    """One load against the system that is running now."""
    namespace = inode(net.server)
    busy = busy_share(0.3, SYSTEM_PROCESSOR)
    before = processes_in(namespace)
    outcome = register(net, phone_book, folder, rate=load.rate, count=load.count)
    time.sleep(SETTLE_SECONDS)
    return Point(system, load, outcome, spent(before, processes_in(namespace)), busy)


def interleaved(
    net: Network, systems: Sequence[System], phone_book: Path, folder: Path, loads: Sequence[Load], repeats: int
) -> tuple[Point, ...]:
    """Starts each system in turn, `repeats` times round, registers every phone once and then puts every load on it.

    Phones refresh for months and come for the first time once, so what is measured is a refresh; on all systems alike.
    """
    points: list[Point] = []
    phones = len(phone_book.read_text().splitlines()) - 1
    for _ in range(repeats):
        for system in systems:
            with system.up():
                register(net, phone_book, folder, rate=WARMING_RATE, count=phones)
                points.extend(measure(net, system.name, phone_book, folder, load) for load in loads)
    return tuple(points)


def median_cost(points: Sequence[Point], system: str, rate: int) -> float | None:
    """The median of the valid points of one system at one rate; None when there is none."""
    costs = [
        point.microseconds
        for point in points
        if point.system == system and point.load.rate == rate and point.outcome.valid
    ]
    return median(costs) if costs else None


def cost_ratio(points: Sequence[Point], mine: str, other: str, rate: int) -> float | None:
    """Our median cost divided by the other's; None when either has no valid point."""
    ours, theirs = (median_cost(points, system, rate) for system in (mine, other))
    return ours / theirs if ours and theirs else None
