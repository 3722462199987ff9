"""Alarms of recordings: raised and cleared for the portal, and no other alarm (attack case 82)."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from ringfence.guard.control import Refusal
from ringfence.guard.health.alarms import Alarms
from ringfence.guard.live.recordingdesk import ALARM, RecordingDesk


class Notes:
    def __init__(self) -> None:
        self.kinds: list[str] = []

    def note(self, now: float, kind: str, fields: dict[str, Any]) -> None:
        self.kinds.append(str(kind))


def test_an_alarm_is_raised_once_and_cleared_once() -> None:
    notes = Notes()
    alarms = Alarms(notes)  # type: ignore[arg-type]
    service = SimpleNamespace(parts=SimpleNamespace(alarms=alarms), commit=lambda: None)
    ask = RecordingDesk(service).verbs()[ALARM]  # type: ignore[arg-type]
    for message in ("The disk is full.", "The disk is full.", "", ""):
        asyncio.run(ask({"alarm": "recordings.trouble", "message": message}))
    assert notes.kinds == ["alarm.raised", "alarm.cleared"]
    with pytest.raises(Refusal):
        asyncio.run(ask({"alarm": "journal.dropping", "message": ""}))
