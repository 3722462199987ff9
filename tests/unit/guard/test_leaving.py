"""Whoever is switched off or deleted talks no longer (issue 4; reference: "Extension Security")."""

import time
from typing import Any, Final

import pytest

from ringfence.corelink import Core
from ringfence.guard.live.calls import Calls
from ringfence.guard.live.callwatch import CallWatch
from ringfence.guard.live.leaving import END_CALLS, SWITCHED_OFF, Leaving
from ringfence.guard.relay.media import Relay

LEFT: Final = "101@acme.example"


class Obedient(Core):
    """A core that ends what it is asked to."""

    def __init__(self) -> None:
        self.ended: list[int] = []

    def end_call(self, entry: int, number: int) -> bool:
        self.ended.append(number)
        return True


class Exchange:
    """Calls that are told one after the other."""

    def __init__(self) -> None:
        self.calls, self.core = Calls(), Obedient()
        self.leaving = Leaving(self.calls, CallWatch(self.calls, Relay(), self.core, lambda call_id, why: None))

    def call(self, number: int, answered: bool = True, **told: Any) -> None:
        parties = {"kind": "call.started", "caller": "300@acme.example", "callee": "301@acme.example", "t": time.time()}
        self.calls.started(b"", parties | told | {"call_id": str(number)})
        if answered:
            self.answer(number, str((parties | told)["callee"]))

    def answer(self, number: int, callee: str) -> None:
        event = {"call_id": str(number), "t": time.time(), "callee": callee, "dialog": [0, number]}
        self.calls.answered(b"", event)

    async def leaves(self, **whose: str) -> list[int]:
        await self.leaving.verbs()[END_CALLS](whose)
        return self.core.ended


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("side", ["caller", "callee", "payer"])
@pytest.mark.anyio
async def test_who_talks_or_pays_is_hung_up(side: str) -> None:
    here = Exchange()
    here.call(1, **{side: LEFT})
    here.call(2)
    here.call(3, **{side: f"2{LEFT}"})
    assert await here.leaves(aor=LEFT) == [1]
    assert here.calls.why_ended("1") == SWITCHED_OFF


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_all_of_a_tenant_are_hung_up_and_nobody_else() -> None:
    here = Exchange()
    here.call(1, caller="5@left.example")
    here.call(2, caller="5@notleft.example")
    assert await here.leaves(domain="left.example") == [1]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("told", [{"emergency": True}, {"rule": "outbound.emergency"}], ids=str)
@pytest.mark.anyio
async def test_an_emergency_call_goes_on(told: dict[str, Any]) -> None:
    here = Exchange()
    here.call(1, caller=LEFT, **told)
    assert await here.leaves(aor=LEFT) == []


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_a_call_that_rang_is_ended_when_it_is_answered_and_one_that_begins_later_is_not() -> None:
    """Switched on again, the extension may call."""
    here = Exchange()
    here.call(1, answered=False, caller=LEFT)
    assert await here.leaves(aor=LEFT) == []
    here.call(2, caller=LEFT, t=time.time() + 1)
    here.answer(1, "301@acme.example")
    assert await here.leaving.look() == 1
    assert here.core.ended == [1]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_who_left_by_a_clock_that_was_ahead_may_call_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack case 122: otherwise every call is one of before, for as long as the clock was ahead."""
    here, now = Exchange(), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert await here.leaves(aor=LEFT) == []
    monkeypatch.setattr(time, "time", lambda: now + 1)
    here.call(1, caller=LEFT)
    assert await here.leaving.look() == 0
    assert here.core.ended == []
