"""Charges processor time: every process in the server's namespace, its threads and the children it reaped.

The kernel's `schedstat` counts nanoseconds, so short points need no profiler (proc_pid_schedstat(5), sched-stats.rst).
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICK: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One running process and the nanoseconds it has used so far, reaped children included."""

    pid: int
    name: str
    cpu_ns: int


def processes_in(namespace_inode: int) -> tuple[Process, ...]:
    """Every process whose network namespace is this one."""
    found = (_read(int(entry.name), namespace_inode) for entry in _PROC.iterdir() if entry.name.isdigit())
    return tuple(sorted((process for process in found if process), key=lambda process: process.pid))


def spent(before: tuple[Process, ...], after: tuple[Process, ...]) -> dict[str, int]:
    """Nanoseconds used between two looks, by program name. A process that started in between counts whole."""
    earlier = {process.pid: process.cpu_ns for process in before}
    totals: dict[str, int] = {}
    for process in after:
        totals[process.name] = totals.get(process.name, 0) + process.cpu_ns - earlier.get(process.pid, 0)
    return totals


class Watched:
    """The threads that run in a namespace now, for looks that must be short: new ones and children are not seen."""

    def __init__(self, namespace_inode: int) -> None:
        pids = [process.pid for process in processes_in(namespace_inode) if process.pid != os.getpid()]
        self._threads = [task / "schedstat" for pid in pids for task in (_PROC / str(pid) / "task").iterdir()]

    def spent_ns(self) -> int:
        """Nanoseconds they have used so far. Raises OSError if one has ended."""
        return sum(int(thread.read_bytes().split()[0]) for thread in self._threads)


def resident_memory(pid: int) -> int:
    """Bytes of a process's own data: neither backed by a file nor common to all (proc_pid_smaps(5))."""
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss_Anon:"))


def busy_share(seconds: float, processor: int) -> float:
    """How busy a processor is while nobody of us works: the share of time it did not idle."""
    first = _processor_times(processor)
    time.sleep(seconds)
    second = _processor_times(processor)
    idle, total = second[0] - first[0], second[1] - first[1]
    return 1.0 - idle / total if total else 0.0


def _processor_times(processor: int) -> tuple[int, int]:
    for line in (_PROC / "stat").read_text().splitlines():
        if line.startswith(f"cpu{processor} "):
            times = [int(word) for word in line.split()[1:9]]
            return times[3] + times[4], sum(times)
    raise ValueError(f"no processor {processor}")


def _read(pid: int, namespace_inode: int) -> Process | None:
    folder = _PROC / str(pid)
    try:
        if (folder / "ns/net").stat().st_ino != namespace_inode:
            return None
        stat = (folder / "stat").read_text()
        return Process(pid, _name(folder, stat), _thread_time(folder) + _reaped_time(stat))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def _name(folder: Path, stat: str) -> str:
    words = (folder / "cmdline").read_bytes().split(b"\0")
    if len(words) > 2 and words[1] == b"-m":
        return words[2].decode(errors="replace")
    return stat[stat.index("(") + 1 : stat.rindex(")")]


def _thread_time(folder: Path) -> int:
    total = 0
    for task in (folder / "task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def _reaped_time(stat: str) -> int:
    words = stat[stat.rindex(")") + 2 :].split()
    return (int(words[13]) + int(words[14])) * _TICK
