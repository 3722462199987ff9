"""Who runs the system hears of a process that ended by itself, though it is back at once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.guard.clock import moment
from ringfence.guard.health.endings import FAILED, QUIET_AFTER, RECENT, STARTED_AFTER, Endings

from .workshop import guard, kinds


def test_an_end_is_an_alarm_once_and_over_when_all_is_quiet(tmp_path: Path) -> None:
    service, told, now = guard(tmp_path), tmp_path / "endings.json", moment()
    alarms = service.parts.alarms
    looking = Endings(told, alarms)
    looking.look(now)
    assert alarms.listing() == []
    for times in (1, 1, 2):
        told.write_text(json.dumps({"core": (times, now.boot, 0, ""), "sbc": (1, now.boot - RECENT - 1, 5, "old")}))
        looking.look(now)
    assert [alarm["id"] for alarm in alarms.listing()] == ["process.ended.core"]
    alarms.sweep(replace(now, boot=now.boot + QUIET_AFTER - 1))
    assert len(alarms.listing()) == 1
    alarms.sweep(replace(now, boot=now.boot + QUIET_AFTER + 1))
    looking.look(replace(now, boot=now.boot + 1))
    assert alarms.listing() == []
    service.commit()
    assert kinds(service) == ["alarm.raised", "alarm.cleared"]


@pytest.mark.parametrize(
    "nonsense", ["", "[]", "{", '{"core": 5}', '{"core": [1, 2.0]}', '{"core": ["x", "y", 0, ""]}', "null"]
)
def test_what_cannot_be_read_is_no_alarm(tmp_path: Path, nonsense: str) -> None:
    service, told = guard(tmp_path), tmp_path / "endings.json"
    told.write_text(nonsense)
    Endings(told, service.parts.alarms).look(moment())
    assert service.parts.alarms.listing() == []


def test_starts_that_fail_again_and_again_are_an_alarm_with_the_reason_until_one_succeeds(tmp_path: Path) -> None:
    """Issue 2: what fails at the start says so."""
    service, told, now = guard(tmp_path), tmp_path / "endings.json", moment()
    alarms = service.parts.alarms
    looking = Endings(told, alarms)
    for failed in range(1, FAILED + 1):
        assert "process.start.core" not in [alarm["id"] for alarm in alarms.listing()]
        told.write_text(json.dumps({"core": (failed, now.boot, failed, "bind(4): Address already in use")}))
        looking.look(now)
    (alarm,) = [alarm for alarm in alarms.listing() if alarm["id"] == "process.start.core"]
    assert "core does not start. Its last words: bind(4): Address already in use." in alarm["message"]
    alarms.sweep(replace(now, boot=now.boot + STARTED_AFTER + 1))
    assert "process.start.core" not in [alarm["id"] for alarm in alarms.listing()]


def test_who_says_nothing_is_told_of_too(tmp_path: Path) -> None:
    service, told, now = guard(tmp_path), tmp_path / "endings.json", moment()
    told.write_text(json.dumps({"core": (9, now.boot, 9, "")}))
    Endings(told, service.parts.alarms).look(now)
    assert "core does not start and says nothing." in service.parts.alarms.listing()[1]["message"]
