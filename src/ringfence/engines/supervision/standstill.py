"""Whether the processes of a child still move. One that hangs is ended, for then it is started anew at once.

Nobody asks them anything: the kernel counts how often a thread gave its processor back (`/proc/PID/status`) and for how
long a process ran. A process that is stopped moves no more. Those of ours that have rounds of their own (`never_rests`)
move each few seconds even where nobody wants anything of them; one whose main thread sleeps and does not, waits for
what never comes. Whoever is busy, waits for a processor or for the disk, or lets another process work, is no such one
(docs/adr/0072).
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ringfence.engines.supervision.processes import PROC

EVERY: Final = 2.0
LATE: Final = 1.0
"""Seconds by which a round may be late. Later, this process itself had to wait, and others too."""

STOPPED_ROUNDS: Final = 6
STILL_ROUNDS: Final = 15
"""Half a minute: longer than any of ours waits for an answer without a look at the clock."""

STOPPED, SLEEPING = "T", "S"
_SWITCHES: Final = re.compile(r"ctxt_switches:\s+(\d+)")
_STATE, _SESSION, _USER, _SYSTEM, _START = 0, 3, 11, 12, 19


@dataclass(frozen=True, slots=True)
class Motion:
    """What the kernel knows of one process: `turns` are those of its main thread, `ran` is the time of all of them."""

    pid: int
    start: int
    state: str
    turns: int
    ran: int


def motions(sessions: Container[int], proc: Path = PROC) -> dict[int, list[Motion]]:
    """The processes of these sessions, in one pass over those of the machine."""
    found: dict[int, list[Motion]] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit() and (seen := _motion(entry, sessions)) is not None:
            found.setdefault(seen[0], []).append(seen[1])
    return found


def _motion(entry: Path, sessions: Container[int]) -> tuple[int, Motion] | None:
    try:
        fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        if int(fields[_SESSION]) not in sessions:
            return None
        status = (entry / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    turns = sum(map(int, _SWITCHES.findall(status)))
    ran = int(fields[_USER]) + int(fields[_SYSTEM])
    return int(fields[_SESSION]), Motion(int(entry.name), int(fields[_START]), fields[_STATE], turns, ran)


@dataclass(slots=True)
class Standstill:
    """How many rounds in a row one child stood still."""

    stopped: int = 0
    still: int = 0
    seen: frozenset[tuple[int, int, int, int]] = frozenset()

    def look(self, leader: int, never_rests: bool, members: Iterable[Motion]) -> str:
        """What is wrong after this round, "" for nothing. What is not seen is not judged."""
        here = tuple(members)
        if leader not in {one.pid for one in here}:
            self.stopped = self.still = 0
            return ""
        self.stopped = self.stopped + 1 if any(one.state == STOPPED for one in here) else 0
        seen = frozenset((one.pid, one.start, one.turns, 0 if one.pid == leader else one.ran) for one in here)
        moves = seen != self.seen or any(one.state not in (STOPPED, SLEEPING) for one in here)
        self.still, self.seen = (0 if moves else self.still + 1), seen
        if self.stopped >= STOPPED_ROUNDS:
            return "is stopped"
        return "does not move" if never_rests and self.still >= STILL_ROUNDS else ""


@dataclass(slots=True)
class Stillness:
    """The standstill of each child. A round that was late says nothing, and what was counted before it neither."""

    kept: dict[str, tuple[int, Standstill]] = field(default_factory=dict)

    def hanging(self, leaders: Mapping[str, tuple[int, bool]], lasted: float, proc: Path = PROC) -> dict[str, str]:
        """Names of children with what is wrong; `leaders` are their main processes and whether they never rest."""
        if lasted > EVERY + LATE:
            self.kept.clear()
        found, seen = {}, motions({leader for leader, _ in leaders.values()}, proc)
        for name, (leader, never_rests) in leaders.items():
            before = self.kept.get(name)
            standing = before[1] if before is not None and before[0] == leader else Standstill()
            self.kept[name] = leader, standing
            if wrong := standing.look(leader, never_rests, seen.get(leader, ())):
                found[name] = wrong
        return found
