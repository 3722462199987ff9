"""A parked call comes back to whoever parked it (attack case 40: to nobody else)."""

from typing import Any

import pytest

from ringfence.guard.control import Refusal
from ringfence.guard.live.calls import Calls
from ringfence.guard.live.parkreturn import AGAIN_AFTER, RETURN_AFTER, ParkReturn


class Starts:
    """Whose phone was rung, and what it was asked to call."""

    def __init__(self, refuses: bool = False) -> None:
        self.asked: list[tuple[str, str]] = []
        self.refuses = refuses

    def start(self, aor: str, number: str, now: float) -> None:
        self.asked.append((aor, number))
        if self.refuses:
            raise Refusal("calls.offline", "aor", "No phone is registered.")


def parked(calls: Calls, call_id: str, at: float, **more: Any) -> None:
    told = {"call_id": call_id, "t": at, "caller": "102@a.example", "callee": "park", "payer": "101@a.example"}
    calls.started(b"", {**told, **more})
    calls.answered(b"", {**told, **more, "answered_at": at})


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_whoever_parked_it_is_rung_after_a_while_and_again_much_later() -> None:
    calls, starts = Calls(), Starts()
    watch = ParkReturn(starts)  # type: ignore[arg-type]
    parked(calls, "a", 100.0)
    parked(calls, "b", 100.0, callee="103@a.example")
    calls.started(b"", {"call_id": "c", "t": 0.0, "callee": "park", "payer": "104@a.example"})
    for now in (100.0, 100.0 + RETURN_AFTER - 1):
        await watch.look(calls.each(), now)
    assert starts.asked == []
    for now in (0, 1, AGAIN_AFTER - 1):
        await watch.look(calls.each(), 100.0 + RETURN_AFTER + now)
    assert starts.asked == [("101@a.example", "*71")]
    await watch.look(calls.each(), 100.0 + RETURN_AFTER + AGAIN_AFTER)
    assert len(starts.asked) == 2


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_a_phone_that_is_gone_holds_up_nobody() -> None:
    calls, starts = Calls(), Starts(refuses=True)
    watch = ParkReturn(starts)  # type: ignore[arg-type]
    parked(calls, "a", 100.0)
    parked(calls, "b", 100.0, payer="105@a.example")
    await watch.look(calls.each(), 200.0)
    assert [aor for aor, _ in starts.asked] == ["101@a.example", "105@a.example"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("step", [-3600.0, 3600.0])
@pytest.mark.anyio
async def test_a_clock_that_is_set_neither_rings_nor_keeps_anybody_waiting(step: float) -> None:
    """Attack case 122."""
    calls, starts = Calls(), Starts()
    watch = ParkReturn(starts)  # type: ignore[arg-type]
    parked(calls, "a", 5_000.0)
    await watch.look(calls.each(), 5_001.0)
    calls.keep_time(step)
    await watch.look(calls.each(), 5_000.0 + step + RETURN_AFTER - 1)
    assert starts.asked == []
    await watch.look(calls.each(), 5_000.0 + step + RETURN_AFTER)
    assert len(starts.asked) == 1
