"""Whatever hangs is ended and comes back; whatever is busy is not (issue 2, docs/adr/0072)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringfence.engines.supervision.childlist import write_children
from ringfence.engines.supervision.notes import CHILDREN_FILE, read_notes
from ringfence.engines.supervision.processes import is_stopped
from ringfence.engines.supervision.standstill import (
    EVERY,
    LATE,
    STILL_ROUNDS,
    STOPPED_ROUNDS,
    Motion,
    Standstill,
    Stillness,
)
from tests.unit.engines.programs import a_child, log_of, note, noted, replaced, supervised, until

LEADER = 7


def motion(turns: int, state: str = "S", ran: int = 0, pid: int = LEADER) -> Motion:
    return Motion(pid, 1, state, turns, ran)


def rounds(standing: Standstill, looks: list[list[Motion]], never_rests: bool = True) -> list[str]:
    return [standing.look(LEADER, never_rests, look) for look in looks]


def test_one_that_never_rests_and_does_not_move_hangs() -> None:
    said = rounds(Standstill(), [[motion(5)]] * (STILL_ROUNDS + 1))
    assert said[:-1] == [""] * STILL_ROUNDS
    assert said[-1] == "does not move"


def test_one_that_may_rest_does_not_hang_though_it_sleeps_for_hours() -> None:
    assert set(rounds(Standstill(), [[motion(5)]] * 1000, never_rests=False)) == {""}


@pytest.mark.parametrize(
    "busy",
    [
        pytest.param(lambda n: [motion(n)], id="its main thread takes turns"),
        pytest.param(lambda _: [motion(5, "R")], id="it waits for a processor"),
        pytest.param(lambda _: [motion(5, "D")], id="it waits for the disk"),
        pytest.param(lambda _: [motion(5, "t")], id="somebody looks at it with a debugger"),
        pytest.param(lambda n: [motion(5), motion(1, ran=n, pid=8)], id="it lets a program of its own work"),
        pytest.param(lambda _: [], id="it cannot be seen"),
        pytest.param(lambda _: [motion(5, pid=8)], id="the kernel hides it"),
    ],
)
def test_who_is_busy_or_unseen_is_not_ended(busy: "object") -> None:
    assert callable(busy)
    assert set(rounds(Standstill(), [busy(n) for n in range(10 * STILL_ROUNDS)])) == {""}


def test_a_worker_that_is_stopped_ends_the_whole_and_a_short_stop_does_not() -> None:
    look = [motion(5), motion(1, "T", pid=8)]
    standing = Standstill()
    assert set(rounds(standing, [look] * (STOPPED_ROUNDS - 1), never_rests=False)) == {""}
    assert rounds(standing, [[motion(5)], *[look] * STOPPED_ROUNDS], never_rests=False)[-2:] == ["", "is stopped"]


def test_a_dead_lock_beside_a_thread_that_works_is_a_dead_lock() -> None:
    """What another thread ran is time of the same process."""
    assert rounds(Standstill(), [[motion(5, ran=n)] for n in range(STILL_ROUNDS + 1)])[-1] == "does not move"


@contextmanager
def a_process(folder: Path, pid: int) -> Iterator[Path]:
    entry = folder / str(pid)
    entry.mkdir(parents=True)
    fields = ["S", "1", "1", str(pid), *["0"] * 7, "3", "4", *["0"] * 6, "99"]
    (entry / "stat").write_text(f"{pid} (a) b) {' '.join(fields)}")
    (entry / "status").write_text("voluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t6\n")
    yield folder


def test_rounds_of_a_supervisor_that_had_to_wait_itself_blame_nobody(tmp_path: Path) -> None:
    with a_process(tmp_path / "proc", LEADER) as proc:
        stillness, watched = Stillness(), {"guard": (LEADER, True)}
        for _ in range(10 * STILL_ROUNDS):
            assert stillness.hanging(watched, EVERY + LATE + 0.1, proc) == {}
        for _ in range(STILL_ROUNDS - 1):
            assert stillness.hanging(watched, EVERY, proc) == {}
        assert stillness.hanging(watched, EVERY, proc) == {"guard": "does not move"}
        assert stillness.hanging({"guard": (LEADER + 1, True)}, EVERY, proc) == {}, "another one"


def test_a_stopped_process_is_ended_and_comes_back(tmp_path: Path) -> None:
    """Real processes, real signals; nobody asks it anything."""
    with supervised(tmp_path, a_child(tmp_path)):
        before = noted(tmp_path)
        os.kill(before.pid, signal.SIGSTOP)
        took = until(lambda: replaced(tmp_path, before), seconds=(STOPPED_ROUNDS + 2) * EVERY)
        assert took > (STOPPED_ROUNDS - 2) * EVERY, "a short stop is forgiven"
        assert "sleeper is stopped: ending it" in log_of(tmp_path)


def test_a_hangup_ends_neither_a_detached_keeper_nor_its_supervisor(tmp_path: Path) -> None:
    """Who sends SIGHUP wants files read anew, or closed a terminal that is not theirs; it stopped the whole system."""
    with kept(tmp_path) as keeper:
        before = noted(tmp_path)
        supervisor = supervisor_of(tmp_path)
        for pid in (supervisor, keeper.pid):
            os.kill(pid, signal.SIGHUP)
        time.sleep(0.5)
        assert keeper.poll() is None
        assert supervisor_of(tmp_path) == supervisor
        assert noted(tmp_path) == before


def test_a_supervisor_that_hangs_is_replaced_and_its_children_go_on(tmp_path: Path) -> None:
    with kept(tmp_path):
        before, supervisor = noted(tmp_path), supervisor_of(tmp_path)
        os.kill(supervisor, signal.SIGSTOP)
        until(lambda: supervisor_of(tmp_path) != supervisor, seconds=(STOPPED_ROUNDS + 3) * EVERY)
        until(lambda: noted(tmp_path) == before)


@contextmanager
def kept(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A detached keeper with its supervisor over one child."""
    write_children(folder / CHILDREN_FILE, (a_child(folder),))
    (folder / "run" / "endings").mkdir(parents=True)
    argv = (sys.executable, "-m", "ringfence.engines.keep", str(folder), str(folder / "supervise.log"))
    environment = {**os.environ, "RINGFENCE_RUN_DIR": str(folder / "run")}
    keeper = subprocess.Popen(argv, start_new_session=True, env=environment)
    try:
        until(lambda: note(folder))
        yield keeper
    finally:
        keeper.terminate()
        keeper.wait(10)


def supervisor_of(folder: Path) -> int:
    notes = read_notes(folder)
    assert notes is not None
    return notes.supervisor.pid


def test_a_keeper_that_is_stopped_goes_on(tmp_path: Path) -> None:
    """Nobody watched it, and without it nobody starts the supervisor again."""
    with kept(tmp_path) as keeper:
        os.kill(keeper.pid, signal.SIGSTOP)
        until(lambda: is_stopped(keeper.pid))
        until(lambda: not is_stopped(keeper.pid), seconds=(STOPPED_ROUNDS + 3) * EVERY)
