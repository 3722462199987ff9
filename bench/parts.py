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
from bench.systems import baselines

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
    systems = baselines.baselines(stage.net, stage.folder, EXTENSIONS)
    points = cost.interleaved(stage.net, systems, phone_book(stage, EXTENSIONS), stage.folder, LOADS, stage.repeats)
    return Result((), cost_table(points), points)


PARTS: Final = {
    "registration": Part("processor time per registration", registration),
}
