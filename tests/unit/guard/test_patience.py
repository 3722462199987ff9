"""An administrator hears of guessing below every limit; nobody is banned for it."""

from pathlib import Path

from ringfence.guard.clock import Moment, moment
from ringfence.guard.offenders.patience import QUIET_AFTER
from ringfence.policy.offenders.patience import MOST

from .workshop import failure, guard


def test_many_addresses_at_one_account_raise_an_alarm_until_it_is_quiet(tmp_path: Path) -> None:
    service, now = guard(tmp_path), moment()
    service.parts.intake.take([failure(source=f"192.0.2.{number}") for number in range(MOST)], now)
    (alarm,) = service.parts.alarms.listing()
    assert alarm["id"] == "guessing.spread"
    assert f"{MOST} different addresses failed to sign in as 101@acme.example" in alarm["message"]
    assert len(service.parts.bans) == 0
    service.parts.alarms.sweep(Moment(now.wall, now.boot + QUIET_AFTER - 1))
    assert service.parts.alarms.listing() == [alarm]
    service.parts.alarms.sweep(Moment(now.wall, now.boot + QUIET_AFTER))
    assert service.parts.alarms.listing() == []


def test_an_address_that_tries_an_account_each_minute_raises_one(tmp_path: Path) -> None:
    service, now = guard(tmp_path), moment()
    tries = [failure(account=f"{100 + n}@acme.example", t=now.wall + 60.0 * n) for n in range(MOST)]
    service.parts.intake.take(tries, now)
    (alarm,) = service.parts.alarms.listing()
    assert alarm["id"] == "guessing.slow"
    assert "192.0.2.66 failed to sign in to 20 different accounts" in alarm["message"]
