"""Part: customers during floods, and what a flood of many slow sources costs beside stock Kamailio."""

from pathlib import Path
from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.load.customers import Service, callee, served
from bench.load.flood import Kind, Load
from bench.measures.flood_service import Felt, cost_of, felt
from bench.rig.network import deaf, hearing
from bench.stage import EXTENSIONS, Result, Stage, installed, phone_book
from bench.systems.baselines import sqlite_database
from bench.systems.ringfence import ringfence
from bench.systems.stock import Stock, kamailio

SECONDS: Final = 4
RATE: Final = 200_000
SOURCES: Final = (1, 2_000, 20_000)
PHONES: Final = 500
SLOW: Final = Load(Kind.REGISTER, 2_000, 100_000, 500_000)


def run(stage: Stage) -> Result:
    deaf(stage.net)
    try:
        quiet, floods, ours = _ours(stage)
        stock = _stock(stage)
    finally:
        hearing(stage.net)
    return Result(_verdicts(quiet, floods, ours, stock), _table(quiet, floods, ours, stock), (quiet, floods))


def _ours(stage: Stage) -> tuple[Service, tuple[Felt, ...], float]:
    book = phone_book(stage, EXTENSIONS, PHONES)
    loads = [Load(kind, sources, RATE, RATE * (SECONDS + 1)) for sources in SOURCES for kind in Kind]
    folder = stage.folder / "floods"
    with ringfence(stage.net, installed(stage, EXTENSIONS)), callee(stage.net, folder):
        served(stage.net, book, folder, SECONDS)
        quiet = served(stage.net, book, folder, SECONDS)
        found = tuple(felt(stage.net, load, book, folder, SECONDS) for load in loads)
        return quiet, found, cost_of(stage.net, SLOW, folder)


def _stock(stage: Stage) -> float:
    """As shipped, with pike and its table."""
    folder: Path = stage.folder / "floods-stock"
    folder.mkdir(exist_ok=True)
    database = sqlite_database(stage.folder, 1000)
    with kamailio(stage.net, folder, Stock(f"sqlite:///{database}", "db_sqlite.so", guarded=True)):
        return cost_of(stage.net, SLOW, folder)


def _verdicts(quiet: Service, floods: tuple[Felt, ...], ours: float, stock: float) -> tuple[Verdict, ...]:
    slowest = max(floods, key=lambda flood: flood.service.p99)
    failed = sum(flood.service.failed for flood in floods)
    fastest = max(flood.sent.packets / flood.sent.seconds for flood in floods)
    return (
        Verdict(goals.FLOOD_FAILED, failed, f"up to {fastest:,.0f} packets/s"),
        Verdict(goals.FLOOD_WAIT, slowest.service.p99 / quiet.p99, slowest.name),
        Verdict(goals.FLOOD_COST, ours / stock, "2,000 sources, 50 packets/s each"),
    )


def _table(quiet: Service, floods: tuple[Felt, ...], ours: float, stock: float) -> str:
    lines = [f"  {'no flood':<28} {'':>10}  {quiet.failed} failed, p99 {quiet.p99:.1f} ms"]
    lines += [
        f"  {flood.name:<28} {flood.sent.packets / flood.sent.seconds:>10,.0f}/s  {flood.service.failed} failed, "
        f"p99 {flood.service.p99:.1f} ms, {flood.service.registrations.retransmitted} retransmitted, "
        f"{flood.cpu_ns / 1e7 / flood.sent.seconds:.1f} % of a processor"
        for flood in floods
    ]
    return "\n".join([*lines, f"  2,000 sources, 50 packets/s each: ours {ours:.1%}, stock {stock:.1%} of a processor"])
