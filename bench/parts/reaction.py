"""Part: how fast an attacker is cut off, beside fail2ban."""

import time
from pathlib import Path
from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.measures.reaction import LIMIT, Watch, reaction
from bench.rig.network import Network
from bench.stage import EXTENSIONS, Result, Stage, installed, percentile
from bench.systems.baselines import sqlite_database
from bench.systems.fail2ban import BACKENDS, guarded_stock
from bench.systems.ringfence import ringfence

OURS: Final = 100
THEIRS: Final = 8
_CLOSE: Final = Watch(spacing=0.0005, duration=0.5)
_PATIENT: Final = Watch(spacing=0.005, duration=8.0)


def run(stage: Stage) -> Result:
    with ringfence(stage.net, installed(stage, EXTENSIONS)):
        mine = [reaction(stage.net, number, _CLOSE) for number in range(OURS)]
    theirs = {backend: _fail2ban(stage.net, stage.folder, backend) for backend in BACKENDS}
    return Result(_verdicts(mine, theirs), _table(mine, theirs), {"ringfence": mine, **theirs})


def _fail2ban(net: Network, folder: Path, backend: str) -> list[float | None]:
    url = f"sqlite:///{sqlite_database(folder, 1000)}"
    with guarded_stock(net, folder / f"fail2ban-{backend}", url, backend, LIMIT):
        return [_out_of_step(net, number) for number in range(THEIRS)]


def _out_of_step(net: Network, number: int) -> float | None:
    """fail2ban looks for work once a second: attackers in its step would all meet the same moment."""
    time.sleep(number * 0.37 % 1.0)
    return reaction(net, number, _PATIENT)


def _verdicts(mine: list[float | None], theirs: dict[str, list[float | None]]) -> tuple[Verdict, ...]:
    p99 = _percentile(mine, 0.99)
    quickest = min((value for value in (_percentile(found, 0.5) for found in theirs.values()) if value), default=None)
    beside = f"fail2ban's median: {quickest * 1000:.0f} ms" if quickest else "fail2ban never cut off every attacker"
    return (Verdict(goals.BAN_DELAY, p99 and p99 * 1000, beside),)


def _percentile(found: list[float | None], share: float) -> float | None:
    """None as soon as one attacker was never cut off."""
    known = [value for value in found if value is not None]
    return percentile(known, share) if known and len(known) == len(found) else None


def _table(mine: list[float | None], theirs: dict[str, list[float | None]]) -> str:
    rows = {"Ringfence": mine, **{f"fail2ban ({backend})": found for backend, found in theirs.items()}}
    return "\n".join(f"  {name:<22} {_summary(found)}" for name, found in rows.items())


def _summary(found: list[float | None]) -> str:
    known = [value * 1000 for value in found if value is not None]
    if not known:
        return f"never cut off in {len(found)} attacks"
    return (
        f"{len(known)} of {len(found)} attackers cut off: median {percentile(known, 0.5):.1f} ms, "
        f"p99 {percentile(known, 0.99):.1f} ms, worst {max(known):.1f} ms"
    )
