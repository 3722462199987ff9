"""Part: the same load against policy stores of very different size."""

from typing import Final

from bench import goals
from bench.goals import Verdict
from bench.measures.growth import Size, exponent
from bench.measures.registration_cost import Load, Point, measure
from bench.rig.charge import processes_in, resident_memory
from bench.rig.network import inode
from bench.stage import Result, Stage, ours, phone_book

SIZES: Final = (100, 10_000, 1_000_000)
_LOAD: Final = Load(1500, 3750)
_CORE: Final = "kamailio"


def run(stage: Stage) -> Result:
    points: dict[int, list[Point]] = {size: [] for size in SIZES}
    memory: dict[int, list[int]] = {size: [] for size in SIZES}
    for _ in range(stage.repeats):
        for size in SIZES:
            point, largest = _one(stage, size)
            points[size].append(point)
            memory[size].append(largest)
    sizes = tuple(Size(size, tuple(points[size]), sorted(memory[size])[len(memory[size]) // 2]) for size in SIZES)
    return Result(_verdicts(sizes), _table(sizes), sizes)


def _one(stage: Stage, size: int) -> tuple[Point, int]:
    system = ours(stage, size)
    with system.up():
        point = measure(stage.net, system.name, phone_book(stage, size), stage.folder, _LOAD)
        running = processes_in(inode(stage.net.server))
        return point, max(resident_memory(process.pid) for process in running if process.name == _CORE)


def _verdicts(sizes: tuple[Size, ...]) -> tuple[Verdict, ...]:
    costs = {size.extensions: size.cost for size in sizes if size.cost is not None}
    slope = exponent(costs) if len(costs) == len(SIZES) else None
    growth = sizes[-1].worker_bytes / sizes[0].worker_bytes
    return Verdict(goals.GROWTH, slope), Verdict(goals.MEMORY_GROWTH, growth)


def _table(sizes: tuple[Size, ...]) -> str:
    rows = (
        f"  {size.extensions:>9,} extensions: {size.cost or float('nan'):6.1f} us per registration, "
        f"largest worker {size.worker_bytes / 2**20:.1f} MiB"
        for size in sizes
    )
    return "\n".join(rows)
