"""What waits for a confirmation is taken back in time, whatever the clock does meanwhile (attack cases 70, 122)."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from ringfence.hosts.clock import WRITTEN, Countdown, validity

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


def test_what_is_signed_in_1970_is_valid_then_and_for_its_whole_time_after() -> None:
    begins, ends = validity(datetime(1970, 1, 1, 0, 5, tzinfo=UTC), timedelta(days=3650))
    assert (begins, ends) == (datetime(1969, 12, 31, 23, 5, tzinfo=UTC), WRITTEN + timedelta(days=3650))
    today = datetime(2027, 5, 1, tzinfo=UTC)
    assert validity(today, timedelta(days=3)) == (today - timedelta(hours=1), today + timedelta(days=3))
