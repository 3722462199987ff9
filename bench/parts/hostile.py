"""Part: hostile packets beside a good one."""

from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.measures.hostile_packets import GOOD, Flood, floods, typical
from bench.stage import EXTENSIONS, Result, Stage, installed
from bench.systems.ringfence import logged_bytes, ringfence

_JUDGED_FOR_COST: Final = ("broken UTF-8", "torture messages")
_ROUNDS: Final = 3


def run(stage: Stage) -> Result:
    ready = installed(stage, EXTENSIONS)
    with ringfence(stage.net, ready):
        found = floods(stage.net, lambda: logged_bytes(ready), _ROUNDS)
    kinds = [typical(found, kind) for kind in dict.fromkeys(flood.kind for flood in found)]
    return Result(_verdicts(kinds), _table(kinds), found)


def _verdicts(kinds: list[Flood]) -> tuple[Verdict, ...]:
    good = next(flood for flood in kinds if flood.kind == GOOD)
    hostile = [flood for flood in kinds if flood.kind != GOOD]
    judged = max((flood for flood in hostile if flood.kind in _JUDGED_FOR_COST), key=lambda flood: flood.microseconds)
    log_bytes = sum(flood.log_bytes for flood in hostile) / len(hostile)
    return (
        Verdict(goals.HOSTILE_COST, judged.microseconds / good.microseconds, judged.kind),
        Verdict(goals.HOSTILE_LOG, log_bytes, "average of all hostile kinds"),
    )


def _table(kinds: list[Flood]) -> str:
    return "\n".join(
        f"  {flood.kind:<20} {flood.microseconds:6.1f} us, {flood.log_bytes:7.3f} bytes of log" for flood in kinds
    )
