"""Part: many policy changes under probes."""

from dataclasses import replace
from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.measures.policy_change import AGENT, delays
from bench.stage import EXTENSIONS, Result, Stage, installed, percentile
from bench.systems.ringfence import book, ringfence
from ringfence.policy.book import BlockedUserAgent, MatchKind
from ringfence.store.writer import PolicyWriter

CHANGES: Final = 200


def run(stage: Stage) -> Result:
    ready = installed(stage, EXTENSIONS)
    plain = book()
    blocking = replace(
        plain, blocked_user_agents=(*plain.blocked_user_agents, BlockedUserAgent(AGENT, MatchKind.CONTAINS))
    )
    writer = PolicyWriter(ready.paths.policy)

    def set_blocked(blocked: bool) -> None:
        writer.publish(blocking if blocked else plain)

    try:
        with ringfence(stage.net, ready):
            found = delays(stage.net, set_blocked, CHANGES)
    finally:
        writer.close()
    worst = [delay * 1000 for delay in found]
    middle, p99 = percentile(worst, 0.5), percentile(worst, 0.99)
    text = f"  {len(worst)} changes: median {middle:.2f} ms, p99 {p99:.2f} ms, worst {max(worst):.2f} ms"
    return Result((Verdict(goals.POLICY_DELAY, p99),), text, worst)
