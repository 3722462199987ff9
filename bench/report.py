"""Prints the result for people and writes it for machines."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.goals import Verdict
from bench.measures.registration_cost import Point, median_cost


def cost_table(points: Sequence[Point], what: str = "registration") -> str:
    """Median microseconds per registration or call, a row for each system and a column for each rate."""
    rates = sorted({point.load.rate for point in points})
    lines = [f"processor time per {what} (median, us)" + "".join(f"{rate:>10}/s" for rate in rates)]
    for system in dict.fromkeys(point.system for point in points):
        costs = [median_cost(points, system, rate) for rate in rates]
        lines.append(
            f"  {system:<42}"
            + "".join(f"{_number(cost):>12}" for cost in costs)
            + f"   {_shares(points, system)}{_failures(points, system)}"
        )
    return "\n".join(lines)


def _failures(points: Sequence[Point], system: str) -> str:
    """What went wrong; a point with more than a thousandth of it says nothing and is left out."""
    mine = [point for point in points if point.system == system]
    failed, void = sum(point.outcome.failed for point in mine), sum(not point.outcome.valid for point in mine)
    return f"; {failed} failed, {void} of {len(mine)} points void" if failed or void else ""


def _shares(points: Sequence[Point], system: str) -> str:
    totals: dict[str, int] = {}
    done = 0
    for point in points:
        if point.system != system or not point.outcome.valid:
            continue
        done += point.outcome.done
        for name, cost in point.nanoseconds.items():
            totals[name] = totals.get(name, 0) + cost
    shares = sorted(totals.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{name} {cost / 1000 / max(1, done):.1f}" for name, cost in shares)


def goal_table(verdicts: Sequence[Verdict]) -> str:
    """Each goal, what was measured, and whether it is met."""
    lines = [f"{'goal':<58}{'limit':>12}{'measured':>14}  "]
    for verdict in verdicts:
        goal = verdict.goal
        word = "void" if verdict.value is None else "met" if verdict.met else "MISSED"
        limit, value = f"{_number(goal.limit)} {goal.unit}".strip(), f"{_number(verdict.value)} {goal.unit}".strip()
        lines.append(f"{goal.title:<58}{limit:>12}{value:>14}  {word}  {verdict.note}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def write_json(folder: Path, verdicts: Sequence[Verdict], detail: dict[str, Any]) -> Path:
    """Everything measured, with the machine it was measured on."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    content = {
        "measured_at": now.isoformat(timespec="seconds"),
        "machine": {"kernel": platform.release(), "processor": _processor()},
        "goals": [
            {**asdict(verdict.goal), "value": verdict.value, "met": verdict.met, "note": verdict.note}
            for verdict in verdicts
        ],
        "detail": detail,
    }
    path.write_text(json.dumps(content, indent=1, default=_plain) + "\n")
    return path


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
