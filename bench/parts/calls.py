"""Part: our cost per call beside stock Kamailio in three variants, and with a large carrier's rules and rates."""

from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.measures.call_cost import interleaved, measured, ready
from bench.measures.registration_cost import Load, Point, cost_ratio
from bench.report import cost_table
from bench.stage import Result, Stage, callers, ours
from bench.systems.baselines import ON_POSTGRESQL, ON_SQLITE, TUNED, baselines
from bench.systems.outside import NUMBER, outside

LOAD: Final = Load(100, 1000)
EXTENSIONS: Final = 10_000
CALLERS: Final = 2_000
FEW: Final = (10, 100)
MANY: Final = (10_000, 1_000_000)
"""Outbound rules and rates."""

_GOALS: Final = (
    (goals.CALL_TO_SQLITE, ON_SQLITE),
    (goals.CALL_TO_POSTGRESQL, ON_POSTGRESQL),
    (goals.CALL_TO_TUNED, TUNED),
)


def run(stage: Stage) -> Result:
    """Stock authenticates, routes and accounts in its database; we do all that the policy asks."""
    book = callers(stage, CALLERS)
    systems = (*baselines(stage.net, stage.folder, EXTENSIONS, accounting=True), ours(stage, EXTENSIONS))
    points = interleaved(stage.net, systems, book, stage.folder, LOAD, stage.repeats)
    mine = systems[-1].name
    verdicts = [Verdict(goal, cost_ratio(points, mine, other, LOAD.rate)) for goal, other in _GOALS]
    grown = _grown(stage)
    few, many = dict.fromkeys(point.system for point in grown)
    verdicts.append(Verdict(goals.CALL_GROWTH, cost_ratio(grown, many, few, LOAD.rate)))
    return Result(tuple(verdicts), cost_table((*points, *grown), "call"), (*points, *grown))


def _grown(stage: Stage) -> tuple[Point, ...]:
    """Calls to the outside, which every rule may concern, with few and with many of them."""
    book, points = callers(stage, CALLERS), []
    systems = [outside(stage.net, stage.folder / f"outside-{size[0]}", EXTENSIONS, *size) for size in (FEW, MANY)]
    for _ in range(stage.repeats):
        for system in systems:
            with ready(stage.net, system, book, stage.folder, NUMBER):
                points.append(measured(stage.net, system.name, book, stage.folder, LOAD, NUMBER))
    return tuple(points)
