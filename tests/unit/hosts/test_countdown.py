"""What waits for a confirmation is taken back in time, whatever the clock does meanwhile (attack cases 70, 122)."""

import time

import pytest

from ringfence.hosts.clock import Countdown

YEAR = 365 * 86_400.0


@pytest.mark.parametrize("step", [-YEAR, -3600.0, 3600.0, YEAR])
def test_a_clock_that_is_set_moves_nothing(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    waiting, wall, boot = Countdown(), time.time(), [1000.0]
    monkeypatch.setattr(time, "clock_gettime", lambda _: boot[0])
    assert waiting.runs(wall + 300)
    monkeypatch.setattr(time, "time", lambda: wall + step)
    boot[0] += 299
    assert waiting.runs(wall + 300)
    boot[0] += 2
    assert not waiting.runs(wall + 300)


def test_another_moment_is_another_wait() -> None:
    waiting, now = Countdown(), time.time()
    assert waiting.runs(now + 60)
    assert not waiting.runs(now - 1)
    assert waiting.runs(now + 60)
