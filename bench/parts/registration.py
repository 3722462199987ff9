"""Part: our cost per registration beside stock Kamailio in three variants."""

from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.measures.registration_cost import Load, Point, cost_ratio, interleaved
from bench.report import cost_table
from bench.stage import EXTENSIONS, Result, Stage, ours, phone_book
from bench.systems.baselines import ON_POSTGRESQL, ON_SQLITE, TUNED, baselines

LOADS: Final = (Load(1500, 4500), Load(4000, 8000))
_GOALS: Final = (
    (goals.COST_TO_SQLITE, ON_SQLITE),
    (goals.COST_TO_POSTGRESQL, ON_POSTGRESQL),
    (goals.COST_TO_TUNED, TUNED),
)


def run(stage: Stage) -> Result:
    """The goals are judged at the lower rate; the table shows both."""
    systems = (*baselines(stage.net, stage.folder, EXTENSIONS), ours(stage, EXTENSIONS))
    points = interleaved(stage.net, systems, phone_book(stage, EXTENSIONS), stage.folder, LOADS, stage.repeats)
    mine = systems[-1].name
    verdicts = tuple(
        Verdict(goal, cost_ratio(points, mine, other, LOADS[0].rate), _at_other_rates(points, mine, other))
        for goal, other in _GOALS
    )
    return Result(verdicts, cost_table(points), points)


def _at_other_rates(points: tuple[Point, ...], mine: str, other: str) -> str:
    found = ((load.rate, cost_ratio(points, mine, other, load.rate)) for load in LOADS[1:])
    return ", ".join(f"at {rate}/s {value:.2f}" for rate, value in found if value is not None)
