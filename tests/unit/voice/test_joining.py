"""The voice process joins two calls of one phone: what it says in which order, and what fails cleanly (ADR 59)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ringfence.voice import sip
from ringfence.voice.sip import Message
from tests.unit.voice.test_handover import TOLD, Core, from_other, settled, started, until

OTHER: dict[str, Any] = {
    "token": "beef",
    "call_id": "c2",
    "ours": "<sip:101@a.example>;tag=here",
    "theirs": "<sip:+49891@carrier.example>;tag=there",
    "target": "sip:+49891@192.0.2.9",
    "began": "here",
    "cseq": 2,
    "codec": "PCMU",
    "phone": "sip:101@192.0.2.5:5060",
    "base": 3,
}
JOINED = {**TOLD, "other": OTHER}
PARTY = sip.compose(
    "INVITE sip:x SIP/2.0",
    [("Via", "v"), ("From", OTHER["ours"]), ("To", OTHER["theirs"]), ("Call-ID", "c2"), ("CSeq", "1 INVITE")],
)


def called(core: Core, method: str) -> list[tuple[str, str]]:
    """Call-ID and receiver of all requests of this method."""
    return [(one.header("call-id"), one.tag("to")) for one in core.requests(method)]


def test_whom_the_phone_asked_follows_first_and_one_end_ends_both(tmp_path: Path) -> None:
    """RFC 3725: each gets the port where the relay hears the other; the phone's part in both is over."""

    async def story() -> None:
        core, _ = await started(tmp_path, told=JOINED)
        await until(core, "BYE", 2)
        assert called(core, "INVITE")[:2] == [("c2", "there"), ("c1", "out")]
        assert b"m=audio 45000 " in core.requests("INVITE")[0].body
        assert core.requests("INVITE")[0].header("route") == "<sip:127.0.0.1:5060;lr;ftag=here>"
        assert core.requests("INVITE")[0].header("x-ringfence-handover") == "beef"
        assert set(called(core, "BYE")) == {("c1", "ann"), ("c2", "here")}
        assert core.news()[-1] == "200"
        core.hear(from_other(sip.parse(PARTY), "BYE"))
        await until(core, "BYE", 3)
        assert called(core, "BYE")[-1] == ("c1", "out")
        await settled(tmp_path)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("answers", "hung_up"), [([488], set()), ([200, 488], {("c2", "there"), ("c2", "here")})], ids=["asked", "caller"]
)
def test_the_caller_is_never_lost(tmp_path: Path, answers: list[int], hung_up: set[tuple[str, str]]) -> None:
    """Whoever was asked does not follow: nothing has changed. The caller does not: the phone keeps the caller."""

    async def story() -> None:
        core, _ = await started(tmp_path, {"INVITE": answers}, JOINED)
        await until(core, "NOTIFY", 2)
        await settled(tmp_path)
        assert set(called(core, "BYE")) == hung_up
        assert core.news()[-1] == "503"

    asyncio.run(story())


def test_a_phone_that_hung_up_first_is_not_told_and_nobody_is_left_alone(tmp_path: Path) -> None:
    async def story() -> None:
        core, handovers = await started(tmp_path, {"INVITE": []}, JOINED)
        (invite,) = await until(core, "INVITE")
        handovers.left({**OTHER, "token": "beef"})
        core.hear(_answer(invite, 488))
        await until(core, "BYE")
        assert called(core, "BYE") == [("c2", "there")]
        await settled(tmp_path)

    asyncio.run(story())


def test_the_core_says_which_of_the_two_is_over(tmp_path: Path) -> None:
    async def story() -> None:
        core, handovers = await started(tmp_path, told=JOINED)
        await until(core, "BYE", 2)
        handovers.over({"token": "beef"})
        await until(core, "BYE", 3)
        assert called(core, "BYE")[-1] == ("c1", "out")
        await settled(tmp_path)

    asyncio.run(story())


def _answer(invite: Message, status: int) -> bytes:
    return sip.response(invite, status, "Answer", "", [("Contact", "<sip:x@192.0.2.7>")])
