"""The parts of the benchmark, in the order they run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import goals
from bench.goals import Verdict
from bench.load.phones import account, write_phone_book
from bench.measures import registration_cost as cost
from bench.report import cost_table
from bench.rig.network import Network
from bench.systems import baselines, ringfence
from bench.systems.system import System

EXTENSIONS: Final = 100_000
PHONES: Final = 10_000
LOADS: Final = (cost.Load(1500, 6000), cost.Load(4000, 12_000))


@dataclass(frozen=True, slots=True)
class Stage:
    """What every part works with: the network, a scratch folder, rounds, and where to say what goes on."""

    net: Network
    folder: Path
    repeats: int
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a part found."""

    verdicts: tuple[Verdict, ...]
    text: str
    detail: Any


@dataclass(frozen=True, slots=True)
class Part:
    """One part: what it measures, and how."""

    title: str
    run: Callable[[Stage], Result]


def phone_book(stage: Stage, extensions: int) -> Path:
    """Phones spread evenly over all extensions, so that no lookup profits from its neighbours."""
    path = stage.folder / f"phones-{extensions}.csv"
    phones = min(PHONES, extensions)
    write_phone_book(path, (account(number * (extensions // phones)) for number in range(phones)))
    return path


def registration(stage: Stage) -> Result:
    """Four systems, interleaved, at two rates."""
    ours = ours_with(stage, EXTENSIONS)
    systems = (*baselines.baselines(stage.net, stage.folder, EXTENSIONS), ours)
    points = cost.interleaved(stage.net, systems, phone_book(stage, EXTENSIONS), stage.folder, LOADS, stage.repeats)
    return Result(_ratios(points, ours.name), cost_table(points), points)


def ours_with(stage: Stage, extensions: int) -> System:
    """Ringfence with so many extensions in its policy store."""
    installed = ringfence.install(stage.folder / f"ours-{extensions}", extensions)
    return System(ringfence.NAME, lambda: ringfence.ringfence(stage.net, installed))


def _ratios(points: tuple[cost.Point, ...], ours: str) -> tuple[Verdict, ...]:
    """The goals are judged at the lower rate; the table shows both."""
    pairs = (
        (goals.COST_TO_SQLITE, baselines.ON_SQLITE),
        (goals.COST_TO_POSTGRESQL, baselines.ON_POSTGRESQL),
        (goals.COST_TO_TUNED, baselines.TUNED),
    )
    return tuple(Verdict(goal, ratio(points, ours, other, LOADS[0].rate), _at_other_rates(points, ours, other)) for goal, other in pairs)


def _at_other_rates(points: tuple[cost.Point, ...], ours: str, other: str) -> str:
    found = ((load.rate, ratio(points, ours, other, load.rate)) for load in LOADS[1:])
    return ", ".join(f"at {rate}/s {value:.2f}" for rate, value in found if value is not None)


def ratio(points: tuple[cost.Point, ...], ours: str, other: str, rate: int) -> float | None:
    """Our median cost divided by the other's; None when either has no valid point."""
    mine, theirs = (cost.median_cost(points, system, rate) for system in (ours, other))
    return mine / theirs if mine and theirs else None


PARTS: Final = {
    "registration": Part("processor time per registration", registration),
}
