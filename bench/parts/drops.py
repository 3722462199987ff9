"""Part: the price of a dropped packet, beside pike and fail2ban."""

from bench import goals
from bench.goals import Goal, Verdict
from bench.measures.drop_cost import Drop, Price, drops, links, price
from bench.stage import Result, Stage
from bench.systems.defences import OURS, OURS_MANY, PIKE, RULES, defences


def run(stage: Stage) -> Result:
    ways = defences(stage)
    found: list[Drop] = []
    with links(stage.net) as to:
        for _ in range(stage.repeats):
            for way in ways:
                with way.up():
                    found.extend(drops(stage.net, way, to))
    prices = {way.name: price(found, way.name) for way in ways}
    return Result(_verdicts(prices), _table(prices), found)


def _verdicts(prices: dict[str, Price]) -> tuple[Verdict, ...]:
    return (
        _verdict(goals.DROP_TO_PIKE, prices[OURS], prices[PIKE]),
        _verdict(goals.DROP_TO_RULES, prices[OURS_MANY], prices[RULES]),
    )


def _verdict(goal: Goal, ours: Price, theirs: Price) -> Verdict:
    """The note says between which ratios the error of our price, twice either way, leaves it."""
    own = max(ours.nanoseconds, 1.0)
    least, most = (theirs.nanoseconds / max(own + 2 * side * ours.error, 1.0) for side in (1, -1))
    note = f"{theirs.nanoseconds / own:.0f} times cheaper ({least:.0f} to {most:.0f})"
    if ours.nanoseconds <= 2 * ours.error:
        note = f"at least {least:.0f} times cheaper"
    return Verdict(goal, own / theirs.nanoseconds, note)


def _table(prices: dict[str, Price]) -> str:
    return "\n".join(
        f"  {name:<28} {cost.nanoseconds:8.0f} ± {cost.error:.0f} ns a packet ({cost.pairs:,} pairs)"
        for name, cost in prices.items()
    )
