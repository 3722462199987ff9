"""A rule that breaks refuses, and an alarm tells (attack case 51)."""

from pathlib import Path

from ringfence.guard.clock import Moment, moment
from ringfence.guard.health.faults import QUIET_AFTER

from .workshop import guard, line


def broken(where: str = "ksr_request_route") -> bytes:
    return line("engine.exception", where=where, error="KeyError: 'x' at policy/decide.py:9")


def test_an_exception_in_a_worker_is_one_alarm_until_none_came_for_a_while(tmp_path: Path) -> None:
    service, now = guard(tmp_path), moment()
    service.parts.intake.take([broken(), broken("ksr_branch_call")], now)
    raised = [alarm for alarm in service.parts.alarms.listing() if alarm["id"] == "engine.exception"]
    assert len(raised) == 1
    assert "ksr_request_route" in raised[0]["message"]
    assert "policy/decide.py:9" in raised[0]["message"]
    service.parts.alarms.sweep(Moment(now.wall, now.boot + QUIET_AFTER - 1))
    assert service.parts.alarms.listing() == raised
    service.parts.alarms.sweep(Moment(now.wall, now.boot + QUIET_AFTER))
    assert service.parts.alarms.listing() == []


def test_an_exception_that_says_nothing_is_a_malformed_event(tmp_path: Path) -> None:
    service = guard(tmp_path)
    service.parts.intake.take([line("engine.exception")], moment())
    assert [alarm["id"] for alarm in service.parts.alarms.listing()] == ["journal.malformed_event"]
