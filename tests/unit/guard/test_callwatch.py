"""A call that should end is asked to end again if the core was too busy to hear it."""

import pytest

from ringfence.guard.calls import Calls
from ringfence.guard.callwatch import CallWatch
from ringfence.guard.core import Core
from ringfence.guard.media import Relay


class Busy(Core):
    """A core that answers the second time."""

    def __init__(self) -> None:
        self.asked = 0

    def end_call(self, entry: int, number: int) -> bool:
        self.asked += 1
        return self.asked > 1


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_a_core_that_did_not_answer_is_asked_again() -> None:
    calls, core = Calls(), Busy()
    calls.started(b"", {"call_id": "a", "t": 1.0})
    calls.answered(b"", {"call_id": "a", "t": 2.0, "dialog": [1, 2], "broken": True})
    watch = CallWatch(calls, Relay(), core, lambda call_id, why: None)
    assert await watch.hang_up_all(calls.broken(), "Media refused") == 0
    assert calls.why_ended("a") == ""
    assert await watch.hang_up_all(calls.broken(), "Media refused") == 1
    assert calls.why_ended("a") == "Media refused"
    assert calls.broken() == []


def test_a_call_that_got_its_sound_after_the_answer_is_watched_too() -> None:
    """Attack case 115: nobody would end it when its BYE is lost."""
    calls = Calls()
    calls.started(b"", {"call_id": "a", "sip_call_id": "x@y", "t": 1.0})
    calls.answered(b"", {"call_id": "a", "t": 2.0, "dialog": [1, 2], "media": False})
    calls.confirmed(b"", {"call_id": "a", "t": 2.1, "dialog": {}, "vars": {"codec": ""}})
    assert calls.with_media() == {}
    calls.confirmed(b"", {"call_id": "a", "t": 9.0, "dialog": {}, "vars": {"codec": "PCMA"}})
    assert calls.with_media() == {"a": "x@y"}
