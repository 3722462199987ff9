"""Part: memory that grows under calls, registrations and garbage (attack case 127); only when it is asked for."""

from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.load.phones import register
from bench.measures.registration_cost import WARMING_RATE
from bench.measures.soak import PORT, Soak, soaked
from bench.stage import Result, Stage, callers, installed, phone_book
from bench.systems.ringfence import ringfence

EXTENSIONS: Final = 10_000
CALLERS: Final = 2_000
REGISTERING: Final = 5_000


def run(stage: Stage) -> Result:
    ready = installed(stage, EXTENSIONS)
    books = callers(stage, CALLERS), phone_book(stage, EXTENSIONS, REGISTERING)
    with ringfence(stage.net, ready):
        register(stage.net, books[0], stage.folder, rate=WARMING_RATE, count=CALLERS)
        register(stage.net, books[1], stage.folder, rate=WARMING_RATE, count=REGISTERING, port=PORT)
        found = soaked(stage.net, ready.paths.core_control, books, stage.folder, stage.minutes)
    return Result(_verdicts(found), _table(found), found)


def _verdicts(found: Soak) -> tuple[Verdict, ...]:
    worst = max(found.held, key=lambda held: held.percent_per_hour)
    share = found.calls.failed / max(1, found.calls.done + found.calls.failed)
    return (
        Verdict(goals.SOAK_GROWTH, worst.percent_per_hour, worst.name),
        Verdict(goals.SOAK_ENDED, found.ended),
        Verdict(goals.SOAK_FAILED, share),
    )


def _table(found: Soak) -> str:
    lines = [
        f"  {held.name:<32} {held.judged[0][1] / 1024:10.0f} KiB to {held.judged[-1][1] / 1024:10.0f} KiB, "
        f"{held.percent_per_hour:+7.2f} % an hour"
        for held in found.held
    ]
    told = f"  {found.calls.done} calls, {found.calls.failed} failed; {found.registrations.done} registrations"
    return "\n".join([*lines, f"{told}, {found.registrations.failed} failed"])
