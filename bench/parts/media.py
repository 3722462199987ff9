"""Part: what encryption costs the media relay."""

from bench import goals
from bench.goals import Verdict
from bench.measures.relay_cost import Passed, Way, passed, typical
from bench.stage import Result, Stage, installed
from bench.systems.relay import relay

EXTENSIONS = 100


def run(stage: Stage) -> Result:
    found: list[Passed] = []
    with relay(stage.net, installed(stage, EXTENSIONS)) as control:
        for number in range(stage.repeats):
            found += [passed(stage.net, control, way, number) for way in Way]
    costs = {way: typical(found, way) for way in Way}
    return Result(
        (_verdict(goals.RELAY_ONE, costs, Way.ONE), _verdict(goals.RELAY_BOTH, costs, Way.BOTH)),
        "\n".join(
            f"  {way:<6} {'void' if cost is None else f'{cost:6.2f} us a packet'}" for way, cost in costs.items()
        ),
        found,
    )


def _verdict(goal: goals.Goal, costs: dict[Way, float | None], way: Way) -> Verdict:
    cost, plain = costs[way], costs[Way.PLAIN]
    if cost is None or plain is None:
        return Verdict(goal, None, "packets were lost")
    return Verdict(goal, cost / plain, f"{plain / cost:.2f} of the packets per core of plain RTP")
