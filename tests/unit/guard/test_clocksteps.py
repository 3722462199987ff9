"""Network time sets the clock: what the ledger holds is right at the next boot too (attack cases 70 and 122)."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ringfence.guard import service as serving
from ringfence.guard.clock import Moment, moment
from ringfence.guard.ledger import BanRecord
from ringfence.guard.service import Service
from ringfence.policy.scope import Scope

from .test_bans import record
from .workshop import OFFICE, SOURCE, guard

HOUR: Final = 3_600.0
BOOT: Final = 56 * 365 * 86_400.0
"""What a clock that begins in 1970 is behind."""


def swept(service: Service, monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """A sweep with a clock on the wall that is so far from the right one."""
    now = moment()
    monkeypatch.setattr(serving, "moment", lambda: Moment(now.wall + step, now.boot))
    service.sweep()
    monkeypatch.undo()


def banned(service: Service, step: float, scope: Scope = Scope.SIP) -> None:
    right = record(service, seconds=HOUR)
    wrong = BanRecord(
        SOURCE, "r", "", "", right.since + step, right.until + step, right.boot_id, right.boot_until, {}, scope
    )
    keeper = service.parts.bans if scope is Scope.SIP else service.parts.doors
    keeper.add(wrong, moment())


def left_at_next_boot(service: Service) -> float:
    service.commit()
    (kept,) = service.parts.ledger.live_bans()
    assert kept.until - kept.since == pytest.approx(HOUR, abs=1)
    return kept.remaining(Moment(time.time(), 3.0), "another boot")


@pytest.mark.parametrize("scope", [Scope.SIP, Scope.WEB])
@pytest.mark.parametrize("behind", [BOOT, 2 * HOUR])
def test_a_ban_from_before_the_clock_was_set_right_is_kept_at_the_next_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind: float, scope: Scope
) -> None:
    service = guard(tmp_path)
    swept(service, monkeypatch, -behind)
    banned(service, -behind, scope)
    swept(service, monkeypatch, -behind)
    swept(service, monkeypatch, 0.0)
    assert left_at_next_boot(service) == pytest.approx(HOUR, abs=5)


def test_a_ban_ends_in_time_after_a_clock_that_was_ahead_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = guard(tmp_path)
    swept(service, monkeypatch, HOUR / 2)
    banned(service, HOUR / 2)
    swept(service, monkeypatch, 0.0)
    service.commit()
    (kept,) = service.parts.ledger.live_bans()
    assert kept.until == pytest.approx(time.time() + HOUR, abs=5)


def test_a_clock_that_loses_its_time_changes_no_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = guard(tmp_path)
    swept(service, monkeypatch, 0.0)
    banned(service, 0.0)
    for step in (-BOOT, 0.0):
        swept(service, monkeypatch, step)
        assert left_at_next_boot(service) == pytest.approx(HOUR, abs=5)


def test_a_boot_in_1970_keeps_the_bans_of_before_when_the_clock_is_set_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = guard(tmp_path)
    banned(before, 0.0)
    before.commit()
    service = guard(tmp_path)
    (kept,) = service.parts.ledger.live_bans()
    now = moment()
    service.parts.bans.restore([kept], Moment(now.wall - BOOT, now.boot))
    swept(service, monkeypatch, -BOOT)
    assert left_at_next_boot(service) == pytest.approx(HOUR, abs=5)
    swept(service, monkeypatch, 0.0)
    assert left_at_next_boot(service) == pytest.approx(HOUR, abs=5)


def test_who_is_known_stays_so_at_the_next_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood must not reach the phones that registered before the clock was set."""
    service = guard(tmp_path)
    now = moment()
    swept(service, monkeypatch, -BOOT)
    service.parts.known.accept([OFFICE], Moment(now.wall - BOOT, now.boot))
    swept(service, monkeypatch, 0.0)
    service.commit()
    assert [key for key, _ in service.parts.ledger.known_sources(time.time())] == [OFFICE]


@pytest.mark.parametrize(("step", "loads"), [(5.0, 0), (HOUR, 1), (-HOUR, 1), (BOOT, 1), (-BOOT, 1)])
def test_the_kernel_counts_the_ends_of_address_entries_by_the_clock_that_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float, loads: int
) -> None:
    """An entry of 1970 that ends in 2026 was 56 years long in there; one that a clock ahead had ended was forgotten."""
    service = guard(tmp_path)
    loaded: list[float] = []

    def load(_firewall: object, _entries: object, now: float) -> Iterator[None]:
        loaded.append(now)
        return iter(())

    swept(service, monkeypatch, 0.0)
    monkeypatch.setattr(type(service.parts.firewall), "load_entries", load)
    for ahead in (0.0, step, step):
        now = moment()
        monkeypatch.setattr(serving, "moment", lambda now=now, ahead=ahead: Moment(now.wall + ahead, now.boot))
        service.sweep()
    assert len(loaded) == loads
    assert all(at == pytest.approx(time.time() + step, abs=5) for at in loaded)
