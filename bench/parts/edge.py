"""Part: phones that all come back after a restart, and phones on streams that stand idle."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from statistics import median
from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.load.phones import Outcome, register
from bench.load.streams import Crowd, Stream, crowd
from bench.measures.contact_memory import used
from bench.measures.registration_cost import Load, Point, measure
from bench.rig.charge import processes_in, spent
from bench.rig.network import inode
from bench.stage import EXTENSIONS, PHONES, Result, Stage, installed, phone_book
from bench.systems.ringfence import NAME, Installed, restarted, ringfence
from ringfence.engines.system import sized

MEMORY_MIB: Final = 1_536
"""What ten thousand phones on TLS need: a core's part of a machine with 24 GiB."""

IDLE: Final = 2_000
RETURN_RATE: Final = 5_000
QUIET: Final = Load(1500, 4500)
TURNS: Final = 3
"""Of a crowd that comes and one that goes."""

PARTED_SECONDS: Final = 2.0
"""Until the connections of a crowd that left are gone."""

NANO: Final = 1_000_000_000


def run(stage: Stage) -> Result:
    ready = _large(installed(stage, EXTENSIONS))
    over_udp, over_tls = _return_over_udp(stage, ready), _return_over_tls(stage, ready)
    idle, memory = _beside_idle(stage, ready)
    verdicts = (
        Verdict(goals.RETURN_UDP, _seconds(over_udp.nanoseconds, over_udp.outcome), f"at {RETURN_RATE}/s"),
        Verdict(goals.RETURN_TLS, over_tls[0], f"{over_tls[1].seconds:.1f} s, as fast as the generator is"),
        *(
            Verdict(goal, memory[stream])
            for goal, stream in ((goals.IDLE_TLS, Stream.TLS), (goals.IDLE_WSS, Stream.WSS))
        ),
        Verdict(goals.IDLE_DISTURBS, idle),
    )
    lines = (
        f"  {verdict.goal.title}: {'void' if verdict.value is None else f'{verdict.value:.2f}'}" for verdict in verdicts
    )
    return Result(verdicts, "\n".join(lines), {"udp": over_udp, "tls": over_tls[1], "memory": memory})


def _large(ready: Installed) -> Installed:
    limits = sized(ready.system.limits, MEMORY_MIB)
    return Installed(replace(ready.system, limits=limits))


def _return_over_udp(stage: Stage, ready: Installed) -> Point:
    book = phone_book(stage, EXTENSIONS)

    def first() -> None:
        register(stage.net, book, stage.folder, rate=4000, count=PHONES)

    with restarted(stage.net, ready, first):
        return measure(stage.net, NAME, book, stage.folder, Load(RETURN_RATE, PHONES))


def _return_over_tls(stage: Stage, ready: Installed) -> tuple[float | None, Crowd]:
    def first() -> None:
        with _crowd(stage, Stream.TLS, PHONES):
            pass

    with restarted(stage.net, ready, first):
        before = processes_in(inode(stage.net.server))
        with _crowd(stage, Stream.TLS, PHONES) as back:
            return _seconds(spent(before, processes_in(inode(stage.net.server))), back.outcome), back


def _beside_idle(stage: Stage, ready: Installed) -> tuple[float | None, dict[Stream, float | None]]:
    """The cost of a registration beside idle WebSockets to that without; KiB of each idle connection.

    In turns: what a registration costs follows how often workers are woken for it, and with that all else the machine
    does, by a fifth within minutes.
    """
    book, memory = phone_book(stage, EXTENSIONS), dict[Stream, float | None]()
    quiet, beside = list[float](), list[float]()

    def costs() -> list[float]:
        points = [measure(stage.net, NAME, book, stage.folder, QUIET) for _ in range(stage.repeats)]
        return [point.microseconds for point in points if point.outcome.valid]

    with ringfence(stage.net, ready):
        register(stage.net, book, stage.folder, rate=4000, count=PHONES)
        memory[Stream.TLS] = _memory_of(stage, ready, Stream.TLS)
        for _ in range(TURNS):
            time.sleep(PARTED_SECONDS)
            quiet.extend(costs())
            taken = _memory_of(stage, ready, Stream.WSS, lambda: beside.extend(costs()))
            memory.setdefault(Stream.WSS, taken)
    return (median(beside) / median(quiet) if quiet and beside else None), memory


def _memory_of(
    stage: Stage, ready: Installed, stream: Stream, meanwhile: Callable[[], None] = lambda: None
) -> float | None:
    control = ready.paths.core_control
    before = used(control)
    with _crowd(stage, stream, IDLE) as idle:
        taken = used(control, settled=True) - before
        meanwhile()
    return taken / idle.outcome.done / 1024 if idle.outcome.valid else None


def _crowd(stage: Stage, stream: Stream, count: int) -> AbstractContextManager[Crowd]:
    return crowd(stage.net, stage.folder, stream, count, EXTENSIONS)


def _seconds(nanoseconds: dict[str, int], outcome: Outcome) -> float | None:
    return sum(nanoseconds.values()) / NANO if outcome.valid else None
