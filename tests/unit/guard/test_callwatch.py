"""A call that should end is asked to end again if the core was too busy to hear it."""

from collections.abc import Iterable
from typing import Final

import pytest

from ringfence.corelink import Core, Unreachable
from ringfence.guard.control import Refusal
from ringfence.guard.live.calls import Calls
from ringfence.guard.live.callwatch import CallWatch
from ringfence.guard.relay.media import Relay


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


class Slow(Core):
    """A core that says this to somebody who waits."""

    def __init__(self, answer: bool | OSError) -> None:
        self._said = answer

    def end_call(self, entry: int, number: int) -> bool:
        return False

    def end_patiently(self, patience: float, entry: int, number: int) -> bool:
        if isinstance(self._said, OSError):
            raise self._said
        return self._said


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Unreachable(), "the call goes on"),
        (TimeoutError(), "may end all the same"),
        (False, "a is no answered call"),
        (True, ""),
    ],
)
@pytest.mark.anyio
async def test_who_hangs_up_is_told_what_is_the_matter(answer: bool | OSError, said: str) -> None:
    """A busy core answers late and ends the call nevertheless: it was told to be no answered call."""
    calls = Calls()
    calls.started(b"", {"call_id": "a", "t": 1.0})
    calls.answered(b"", {"call_id": "a", "t": 2.0, "dialog": [1, 2]})
    watch = CallWatch(calls, Relay(), Slow(answer), lambda call_id, why: None)
    if not said:
        await watch.hang_up_asked("a", "Hung up")
        assert calls.why_ended("a") == "Hung up"
        return
    with pytest.raises(Refusal, match=said):
        await watch.hang_up_asked("a", "Hung up")
    assert calls.why_ended("a") == ""


def test_a_call_that_got_its_sound_after_the_answer_is_watched_too() -> None:
    """Attack case 115: nobody would end it when its BYE is lost."""
    calls = Calls()
    calls.started(b"", {"call_id": "a", "sip_call_id": "x@y", "t": 1.0})
    calls.answered(b"", {"call_id": "a", "t": 2.0, "dialog": [1, 2], "media": False})
    calls.confirmed(b"", {"call_id": "a", "t": 2.1, "dialog": {}, "vars": {"codec": ""}})
    assert calls.with_media() == {}
    calls.confirmed(b"", {"call_id": "a", "t": 9.0, "dialog": {}, "vars": {"codec": "PCMA"}})
    assert calls.with_media() == {"a": "x@y"}


def test_a_later_answer_that_was_refused_breaks_the_call_once_the_core_tells() -> None:
    """Case 75: it was forgotten unless it was the first one."""
    calls = Calls()
    calls.started(b"", {"call_id": "a", "t": 1.0})
    told = {"call_id": "a", "t": 3.0, "dialog": {}}
    calls.confirmed(b"", {**told, "vars": {"media_broken": "1"}})
    assert calls.broken() == [], "before it is answered there is nothing to hang up"
    calls.answered(b"", {"call_id": "a", "t": 2.0, "dialog": [1, 2]})
    assert calls.broken() == ["a"]
    calls.confirmed(b"", {**told, "vars": {"media_broken": ""}})
    assert calls.broken() == []


class Outer(Relay):
    """The SBC's relay, which carries these."""

    def __init__(self, *carried: str, says: bool = True) -> None:
        super().__init__()
        self.carried, self.says = carried, says

    def forgotten(self, call_ids: Iterable[str]) -> list[str]:
        return [name for name in call_ids if name not in self.carried]

    def names(self) -> list[str] | None:
        return list(self.carried) if self.says else None


OF_A: Final = "9dd4e461268c8034f5c8564e155c67a6"


@pytest.mark.parametrize(
    ("outer", "ended"),
    [
        (Outer(), ["a"]),
        (Outer(f"{OF_A}-192.0.2.7:4000"), []),
        (Outer(f"{OF_A}-192.0.2.7:5555"), []),
        (Outer("0cc175b9c0f1b6a831c399e269772661-192.0.2.7:4000"), ["a"]),
        (Outer(says=False), []),
    ],
    ids=["started anew", "carried", "under another name, for it moved", "carries another call", "does not say"],
)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_a_call_that_the_sbcs_relay_forgot_is_ended(outer: Outer, ended: list[str]) -> None:
    """Case 119 at the SBC: nobody heard anything any more, and the call stood until somebody hung up."""
    place = "sip:127.0.0.1:5069;transport=tls;client=192.0.2.7:4000/udp"
    told = {"dialog": {"from_tag": "f"}, "vars": {"caller": place, "callee": "sip:192.0.2.9:5060;transport=udp"}}
    calls = Calls()
    calls.started(b"", {"call_id": "a", "t": 1.0, "sip_call_id": "x"})
    calls.answered(b"", {"call_id": "a", "t": 2.0, "media": True, "dialog": [1, 2]})
    calls.confirmed(b"", {"call_id": "a", "t": 3.0, **told})
    core = Busy()
    core.asked = 1
    watch = CallWatch(calls, Outer("x"), core, lambda call_id, why: None, outer)
    assert await watch.look() == len(ended)
    assert [name for name in ("a",) if calls.why_ended(name)] == ended
