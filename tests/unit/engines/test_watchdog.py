"""A relay that runs and does not answer is started anew; one that is slow is not (issue 6; ADR 72)."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from ringfence.engines.supervision import watchdog
from ringfence.engines.supervision.child import Child
from ringfence.engines.supervision.watchdog import EVERY, LATE, LOOK_EVERY, LOOKS, PATIENCE, Silence, takes_nothing
from tests.unit.engines.programs import (
    a_child,
    clean_up,
    free_port,
    log_of,
    noted,
    replaced,
    start_supervisor,
    supervised,
    until,
)

RELAY = """
import socket, sys, time
door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
door.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    question, asker = door.recvfrom(512)
    name, _, asked = question.partition(b" ")
    assert asked == b"d7:command4:pinge"
    time.sleep(float(sys.argv[2]))
    door.sendto(name + b" d6:result4:ponge", asker)
"""

DEAF = """
import socket, sys, time
door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
door.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    door.recv(512)
    time.sleep(0.005)
"""
"""Takes what comes, slower than it comes, and gets to no question of ours."""

SILENT_FOR = PATIENCE * (EVERY + LATE) + LOOKS * LOOK_EVERY
"""Seconds after which a silent relay is looked at and ended, at the latest."""


def a_relay(folder: Path, slow: float = 0.0) -> Child:
    port = free_port()
    return a_child(folder, "relay", RELAY, str(port), str(slow), ready=(f"udp:{port}",), answers=port)


def test_a_relay_that_hangs_is_started_anew(tmp_path: Path) -> None:
    with supervised(tmp_path, a_relay(tmp_path)):
        before = noted(tmp_path, "relay")
        os.kill(before.pid, signal.SIGSTOP)
        took = until(lambda: replaced(tmp_path, before), seconds=SILENT_FOR + 3)
        assert took > PATIENCE - 2 * EVERY, "a short silence is forgiven"
        assert "relay runs and does not answer" in log_of(tmp_path)
        after = noted(tmp_path, "relay")
        time.sleep((PATIENCE + 2) * EVERY)
        assert noted(tmp_path, "relay").pid == after.pid, "the new one is heard"


def test_a_relay_that_a_successor_adopted_is_watched_too(tmp_path: Path) -> None:
    with supervised(tmp_path, a_relay(tmp_path)) as first:
        before = noted(tmp_path, "relay")
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        second = start_supervisor(tmp_path)
        try:
            os.kill(before.pid, signal.SIGSTOP)
            until(lambda: replaced(tmp_path, before), seconds=SILENT_FOR + 3)
        finally:
            clean_up(tmp_path, second)


def test_a_supervisor_that_was_stopped_itself_blames_nobody(tmp_path: Path) -> None:
    with supervised(tmp_path, a_relay(tmp_path)) as supervisor:
        before = noted(tmp_path, "relay")
        for _ in range(2):
            os.kill(supervisor.pid, signal.SIGSTOP)
            time.sleep(PATIENCE * EVERY + 1)
            os.kill(supervisor.pid, signal.SIGCONT)
        time.sleep(2 * EVERY)
        assert noted(tmp_path, "relay") == before


def test_a_relay_that_takes_two_seconds_for_each_answer_is_not_ended(tmp_path: Path) -> None:
    """It falls behind more and more, and is heard every other second all the same."""
    with supervised(tmp_path, a_relay(tmp_path, slow=2.0)):
        before = noted(tmp_path, "relay")
        time.sleep((PATIENCE + 4) * EVERY)
        assert noted(tmp_path, "relay") == before


@pytest.mark.parametrize("hangs", [False, True])
def test_a_relay_that_is_asked_more_than_it_can_do_is_ended_only_if_it_hangs(tmp_path: Path, hangs: bool) -> None:
    """Under a flood of calls the kernel drops our questions before its full queue: silence proves nothing then."""
    port = free_port()
    deaf = a_child(tmp_path, "relay", DEAF, str(port), ready=(f"udp:{port}",), answers=port)
    with supervised(tmp_path, deaf), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        before = noted(tmp_path, "relay")
        if hangs:
            os.kill(before.pid, signal.SIGSTOP)
        deadline = time.monotonic() + SILENT_FOR + 3
        while time.monotonic() < deadline and noted(tmp_path, "relay") == before:
            for _ in range(10):
                flood.sendto(bytes(200), ("127.0.0.1", port))
            time.sleep(0.02)
        assert replaced(tmp_path, before) is hangs


def test_a_queue_that_became_shorter_once_is_taken_from() -> None:
    assert takes_nothing([0, 0, 512, 1024])
    assert not takes_nothing([1024, 512, 1024, 1024])


def test_rounds_that_came_late_prove_nothing() -> None:
    silence = Silence()
    assert not any(silence.is_too_long_after(heard=False, lasted=EVERY + 2 * LATE) for _ in range(10 * PATIENCE))


def test_one_word_begins_the_count_anew() -> None:
    silence = Silence()
    rounds = ([False] * (PATIENCE - 1) + [True]) * 3 + [False] * PATIENCE
    ends = [silence.is_too_long_after(heard, lasted=EVERY) for heard in rounds]
    assert ends == [False] * (len(rounds) - 1) + [True]


def test_patience_is_longer_than_the_cores_own() -> None:
    """Three tries of half a second, and the call that waits for them is refused by then (rtpengine_retr)."""
    assert PATIENCE * EVERY > 2 * 1.5


def test_a_question_that_cannot_leave_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def send(self, _: bytes) -> int:
            raise OSError("no buffer space")

    assert watchdog._ask(Full()) is False  # type: ignore[arg-type]
