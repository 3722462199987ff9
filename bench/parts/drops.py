"""Part: the price of a dropped packet, beside pike and fail2ban."""

from bench import goals
from bench.goals import Verdict
from bench.measures.drop_cost import Drop, drops, price
from bench.stage import Result, Stage
from bench.systems.defences import OURS, OURS_MANY, PIKE, RULES, defences


def run(stage: Stage) -> Result:
    ways = defences(stage)
    found: list[Drop] = []
    for _ in range(stage.repeats):
        for way in ways:
            with way.up():
                found.extend(drops(stage.net, way, stage.folder))
    prices = {way.name: price(found, way.name) for way in ways}
    return Result(_verdicts(prices), _table(prices), found)


def _verdicts(prices: dict[str, float]) -> tuple[Verdict, ...]:
    one, many = max(prices[OURS], 1.0), max(prices[OURS_MANY], 1.0)
    return (
        Verdict(goals.DROP_TO_PIKE, one / prices[PIKE], f"{prices[PIKE] / one:.0f} times cheaper"),
        Verdict(goals.DROP_TO_RULES, many / prices[RULES], f"{prices[RULES] / many:.0f} times cheaper"),
    )


def _table(prices: dict[str, float]) -> str:
    return "\n".join(f"  {name:<28} {cost:8.0f} ns a packet" for name, cost in prices.items())
