"""Who runs the system hears of a process that ended by itself, though it is back at once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.guard.clock import moment
from ringfence.guard.health.endings import QUIET_AFTER, RECENT, Endings

from .workshop import guard, kinds


def test_an_end_is_an_alarm_once_and_over_when_all_is_quiet(tmp_path: Path) -> None:
    service, told, now = guard(tmp_path), tmp_path / "endings.json", moment()
    alarms = service.parts.alarms
    looking = Endings(told, alarms)
    looking.look(now)
    assert alarms.listing() == []
    for times in (1, 1, 2):
        told.write_text(json.dumps({"core": (times, now.boot), "sbc": (1, now.boot - RECENT - 1)}))
        looking.look(now)
    assert [alarm["id"] for alarm in alarms.listing()] == ["process.ended.core"]
    alarms.sweep(replace(now, boot=now.boot + QUIET_AFTER - 1))
    assert len(alarms.listing()) == 1
    alarms.sweep(replace(now, boot=now.boot + QUIET_AFTER + 1))
    looking.look(replace(now, boot=now.boot + 1))
    assert alarms.listing() == []
    service.commit()
    assert kinds(service) == ["alarm.raised", "alarm.cleared"]


@pytest.mark.parametrize("nonsense", ["", "[]", "{", '{"core": 5}', '{"core": ["x", "y"]}', "null"])
def test_what_cannot_be_read_is_no_alarm(tmp_path: Path, nonsense: str) -> None:
    service, told = guard(tmp_path), tmp_path / "endings.json"
    told.write_text(nonsense)
    Endings(told, service.parts.alarms).look(moment())
    assert service.parts.alarms.listing() == []
