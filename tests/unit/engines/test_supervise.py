"""Whatever is killed comes back, and nothing else is disturbed. Real processes, real signals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ringfence.engines.keep import running_supervisor, stop_everything
from ringfence.engines.supervision.childlist import write_children
from ringfence.engines.supervision.notes import CHILDREN_FILE, STATE_FILE, STOP_FILE, read_notes
from ringfence.engines.supervision.processes import identity, is_alive, session_members
from ringfence.engines.supervision.unit import restart_delay
from tests.unit.engines.programs import (
    LISTENER,
    POLITE,
    SLEEPER,
    STUBBORN,
    a_child,
    clean_up,
    free_port,
    log_of,
    note,
    noted,
    replaced,
    start_supervisor,
    supervised,
    until,
)


def test_a_killed_child_is_back_at_once(tmp_path: Path) -> None:
    with supervised(tmp_path, a_child(tmp_path)):
        before = noted(tmp_path)
        os.kill(before.pid, signal.SIGKILL)
        took = until(lambda: replaced(tmp_path, before))
        assert took < 3.0
        assert noted(tmp_path).restarts == 1


def test_a_killed_child_is_back_and_noted_though_no_file_can_be_written_beside_the_notes(tmp_path: Path) -> None:
    """A full disk leaves the blocks that the notes already have."""
    with supervised(tmp_path, a_child(tmp_path)):
        before = noted(tmp_path)
        (tmp_path / f"{STATE_FILE}.staged").mkdir()
        os.kill(before.pid, signal.SIGKILL)
        until(lambda: replaced(tmp_path, before))
        assert noted(tmp_path).restarts == 1


def test_a_killed_child_is_back_though_nothing_can_be_noted(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    with supervised(tmp_path, a_child(tmp_path, before=("/bin/sh", "-c", f"echo x >> {marks}"))):
        before, kept = noted(tmp_path), tmp_path / "kept"
        (tmp_path / f"{STATE_FILE}.staged").mkdir()
        (tmp_path / STATE_FILE).rename(kept)
        os.kill(before.pid, signal.SIGKILL)
        until(lambda: marks.read_text() == "x\nx\n")
        until(lambda: "what runs is not written down" in log_of(tmp_path))
        (tmp_path / f"{STATE_FILE}.staged").rmdir()
        until(lambda: note(tmp_path) is not None)


def kill_and_wait(folder: Path) -> None:
    before = noted(folder)
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: replaced(folder, before), seconds=3.0)


def test_who_ends_by_itself_is_told_and_who_was_asked_is_not(tmp_path: Path) -> None:
    """The guard reads it; the clock is that of the boot, which nobody sets."""
    ready = tmp_path / "ready"
    with supervised(tmp_path, a_child(tmp_path, "sleeper", POLITE, str(ready))):
        before = noted(tmp_path)
        until(ready.exists)
        os.kill(before.pid, signal.SIGTERM)
        until(lambda: replaced(tmp_path, before))
        assert not (tmp_path / "run" / "endings" / "endings.json").exists()
        for _ in range(2):
            kill_and_wait(tmp_path)
        told = json.loads((tmp_path / "run" / "endings" / "endings.json").read_text())
    ((name, (times, at, failed, _)),) = told.items()
    assert (name, times, failed) == (before.name, 2, 0)
    assert 0 <= time.clock_gettime(time.CLOCK_BOOTTIME) - at < 30


def test_six_kills_in_ten_seconds_do_not_make_it_give_up(tmp_path: Path) -> None:
    with supervised(tmp_path, a_child(tmp_path)):
        began = time.monotonic()
        for _ in range(6):
            kill_and_wait(tmp_path)
        assert time.monotonic() - began < 10
        assert noted(tmp_path).restarts == 6


def test_leftovers_of_a_killed_child_free_its_port(tmp_path: Path) -> None:
    port = free_port()
    listener = a_child(tmp_path, "listener", LISTENER, str(port), ready=(f"tcp:127.0.0.1:{port}",))
    with supervised(tmp_path, listener):
        before = noted(tmp_path, "listener")
        os.kill(before.pid, signal.SIGKILL)
        until(lambda: replaced(tmp_path, before), seconds=3.0)
        assert session_members(before.pid) == ()


def test_a_whole_child_is_restarted_when_it_loses_a_worker(tmp_path: Path) -> None:
    port = free_port()
    listener = a_child(tmp_path, "listener", LISTENER, str(port), ready=(f"tcp:127.0.0.1:{port}",), whole=True)
    with supervised(tmp_path, listener):
        before = noted(tmp_path, "listener")
        until(lambda: len(session_members(before.pid)) == 2)
        time.sleep(1.2)  # its workers are tied to it one second after it became ready
        worker = next(pid for pid in session_members(before.pid) if pid != before.pid)
        os.kill(worker, signal.SIGKILL)
        until(lambda: replaced(tmp_path, before), seconds=3.0)


def test_a_child_starts_anew_when_the_file_it_follows_is_written(tmp_path: Path) -> None:
    wish = tmp_path / "wish"
    with supervised(tmp_path, a_child(tmp_path, follows=str(wish))):
        before = noted(tmp_path)
        wish.touch()
        until(lambda: replaced(tmp_path, before), seconds=5.0)
        after = noted(tmp_path)
        time.sleep(1.2)
        assert noted(tmp_path).pid == after.pid, "once is enough"


def test_a_killed_supervisor_is_followed_by_one_that_adopts(tmp_path: Path) -> None:
    with supervised(tmp_path, a_child(tmp_path), a_child(tmp_path, "second")) as first:
        before = noted(tmp_path)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert is_alive(before.identity)
        second = start_supervisor(tmp_path)
        try:
            until(lambda: (notes := read_notes(tmp_path)) is not None and notes.supervisor.pid == second.pid)
            assert noted(tmp_path) == before
            os.kill(before.pid, signal.SIGKILL)
            until(lambda: replaced(tmp_path, before))
            assert noted(tmp_path, "second").restarts == 0
        finally:
            clean_up(tmp_path, second)


def test_a_child_that_died_while_nobody_watched_is_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path, a_child(tmp_path)) as first:
        before = noted(tmp_path)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        os.kill(before.pid, signal.SIGKILL)
        second = start_supervisor(tmp_path)
        try:
            until(lambda: replaced(tmp_path, before))
        finally:
            clean_up(tmp_path, second)


def test_there_is_only_one_supervisor(tmp_path: Path) -> None:
    with supervised(tmp_path, a_child(tmp_path)) as first:
        assert start_supervisor(tmp_path).wait(5) == 1
        assert first.poll() is None


def test_a_stop_ends_even_a_stubborn_child_and_nothing_else(tmp_path: Path) -> None:
    bystander = os.posix_spawn("/usr/bin/sleep", ["sleep", "30"], {})
    stubborn = a_child(tmp_path, "stubborn", STUBBORN, stop_seconds=0.3)
    with supervised(tmp_path, a_child(tmp_path), stubborn) as supervisor:
        running = [noted(tmp_path, name) for name in ("sleeper", "stubborn")]
        supervisor.terminate()
        assert supervisor.wait(5) == 0
        assert not any(is_alive(child.identity) for child in running)
        assert read_notes(tmp_path) is None
    assert identity(bystander) is not None
    os.kill(bystander, signal.SIGKILL)
    os.waitpid(bystander, 0)


def test_a_supervisor_that_takes_too_long_to_stop_is_not_started_again(tmp_path: Path) -> None:
    """Issue 2: what was told to stop stays stopped, however busy the machine is."""
    deaf = tmp_path / "deaf"
    program = STUBBORN.replace("time.sleep", f"open({str(deaf)!r}, 'w').close(); time.sleep")
    write_children(tmp_path / CHILDREN_FILE, (a_child(tmp_path, "stubborn", program, stop_seconds=20.0),))
    argv = (sys.executable, "-m", "ringfence.engines.keep", str(tmp_path), str(tmp_path / "supervise.log"))
    with subprocess.Popen(argv, start_new_session=True) as keeper:
        try:
            running = noted(tmp_path, "stubborn")
            until(deaf.exists)
            assert stop_everything(tmp_path, patience=0.2) == ("stubborn",)
            assert keeper.wait(5) == 0
            assert not is_alive(running.identity)
            assert read_notes(tmp_path) is None
        finally:
            keeper.terminate()


def test_after_that_a_killed_supervisor_is_started_again(tmp_path: Path) -> None:
    (tmp_path / STOP_FILE).touch()
    write_children(tmp_path / CHILDREN_FILE, (a_child(tmp_path),))
    argv = (sys.executable, "-m", "ringfence.engines.keep", str(tmp_path), str(tmp_path / "supervise.log"))
    with subprocess.Popen(argv, start_new_session=True) as keeper:
        try:
            noted(tmp_path)
            first = running_supervisor(tmp_path)
            assert first is not None
            os.kill(first.pid, signal.SIGKILL)
            until(lambda: running_supervisor(tmp_path) not in (None, first))
        finally:
            keeper.terminate()
            keeper.wait(8)
            stop_everything(tmp_path)


def test_children_without_a_supervisor_can_still_be_stopped(tmp_path: Path) -> None:
    with supervised(tmp_path, a_child(tmp_path)) as supervisor:
        running = noted(tmp_path)
        os.kill(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
        assert stop_everything(tmp_path) == ("sleeper",)
        assert not is_alive(running.identity)


def test_the_preparation_runs_before_every_start_and_may_fail(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    before = ("/bin/sh", "-c", f"echo x >> {marks}; exit 3")
    with supervised(tmp_path, a_child(tmp_path, before=before)):
        first = noted(tmp_path)
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: replaced(tmp_path, first))
        assert marks.read_text() == "x\nx\n"
        assert "its preparation ended with 3" in log_of(tmp_path)


def test_the_preparation_is_told_how_often_the_start_failed(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    before = ("/bin/sh", "-c", f"echo $RINGFENCE_FAILED_STARTS >> {marks}")
    broken_twice = f"import sys, time; sys.exit(1) if len(open({str(marks)!r}).readlines()) < 3 else time.sleep(60)"
    never = "tcp:127.0.0.1:1"
    broken = a_child(tmp_path, "broken", broken_twice, before=before, ready=(never,))
    write_children(tmp_path / CHILDREN_FILE, (broken,))
    supervisor = start_supervisor(tmp_path)
    try:
        until(lambda: marks.exists() and marks.read_text() == "0\n1\n2\n")
    finally:
        clean_up(tmp_path, supervisor)


def test_a_child_starts_after_the_ones_it_names(tmp_path: Path) -> None:
    port = free_port()
    slow = f"import time; time.sleep(0.4)\n{LISTENER}"
    first = a_child(tmp_path, "first", slow, str(port), ready=(f"tcp:127.0.0.1:{port}",))
    with supervised(tmp_path, a_child(tmp_path, "second", SLEEPER, after=("first",)), first):
        assert noted(tmp_path, "second").since - noted(tmp_path, "first").since > 0.4


@pytest.mark.parametrize(
    ("short_runs", "ever_ready", "delay"),
    [(1, True, 0.0), (2, True, 0.1), (6, True, 0.5), (600, True, 0.5), (6, False, 0.5), (600, False, 2.0)],
)
def test_the_delay_stays_small(short_runs: int, ever_ready: bool, delay: float) -> None:
    assert restart_delay(short_runs, ever_ready) == pytest.approx(delay)
