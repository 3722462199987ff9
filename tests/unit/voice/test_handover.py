"""The voice process hands a party outside over: order of messages, failures, and that nobody is left alone (ADR 47)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ringfence.voice import endpoint as endpoint_module
from ringfence.voice import sip, speech
from ringfence.voice.endpoint import Address, Endpoint, Leg
from ringfence.voice.handovers import Handovers
from ringfence.voice.sip import Message
from ringfence.voice.speech import Codec, Codecs, Speech

CORE: Address = ("127.0.0.1", 5060)
TOLD: dict[str, Any] = {
    "about": "handover",
    "token": "f00d",
    "call_id": "c1",
    "ours": "<sip:101@a.example>;tag=ann",
    "theirs": "<sip:+4989777@carrier.example>;tag=out",
    "target": "sip:+4989777@192.0.2.9",
    "route": "<sip:192.0.2.1;lr>",
    "cseq": 4,
    "number": "102",
    "domain": "a.example",
    "party": "+4989777@a.example",
    "relay": ["192.0.2.1", 45_000],
    "codec": "PCMU",
    "phone": "sip:101@192.0.2.5:5060",
    "base": 7,
}


PARTY = sip.compose(
    "INVITE sip:x SIP/2.0",
    [("Via", "v"), ("From", TOLD["ours"]), ("To", TOLD["theirs"]), ("Call-ID", "c1"), ("CSeq", "1 INVITE")],
)
"""In whose place the phone's dialog is."""


def tied(host: str, port: int, *codecs: Codec) -> bytes:
    return speech.write(Speech(host, port, (*codecs, speech.EVENTS)), 1)


class Core(asyncio.DatagramTransport):
    """What the voice process sends, and answers as a test wants them: `answers["INVITE"]` is the next one's status."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Message] = []
        self.endpoint: Endpoint | None = None
        self.answers: dict[str, list[int]] = {}
        self.speaks: dict[str, Codecs] = {}
        """The `first` party and the `second`. Others take the first of what they are offered."""

    def answer(self, invite: Message) -> bytes:
        offered = speech.read(invite.body)
        assert offered is not None
        known = self.speaks.get(
            "first" if invite.header("call-id") == TOLD["call_id"] else "second", offered.codecs[:1]
        )
        events = tuple(one for one in offered.codecs if not one.is_speech)
        port = 45_000 if invite.tag("to") else 46_000
        return speech.write(Speech("192.0.2.1", port, (*speech.common(offered.codecs, known), *events)), 1)

    def sendto(self, data: bytes | bytearray | memoryview, addr: object = None) -> None:
        message = sip.parse(bytes(data))
        self.sent.append(message)
        waiting = self.answers.get(message.method)
        if message.is_response or message.method == "ACK" or waiting == []:
            return
        status = waiting.pop(0) if waiting else 200
        body = self.answer(message) if message.method == "INVITE" else b""
        raw = sip.response(message, status, "Answer", "new", [("Contact", "<sip:x@192.0.2.7>")], body)
        asyncio.get_running_loop().call_soon(self.hear, raw)

    def hear(self, raw: bytes) -> None:
        assert self.endpoint is not None
        self.endpoint.datagram_received(raw, CORE)

    def requests(self, method: str) -> list[Message]:
        return [one for one in self.sent if not one.is_response and one.method == method]

    def news(self) -> list[str]:
        return [one.body.decode().split(" ")[1] for one in self.requests("NOTIFY")]


async def started(
    folder: Path,
    answers: dict[str, list[int]] | None = None,
    told: dict[str, Any] | None = None,
    spoken: dict[str, Codecs] | None = None,
) -> tuple[Core, Handovers]:
    """`spoken` is what the media relay knows of the parties, by Call-ID."""

    async def serve(leg: Leg) -> None: ...

    core = Core()
    core.answers = answers or {}
    core.endpoint = Endpoint("127.0.0.1", 5070, lambda source: source == CORE, serve, folder)
    core.endpoint.connection_made(core)

    async def known(call_id: str, tag: str) -> Codecs:
        return (spoken or {}).get(call_id, ())

    handovers = core.endpoint.calling = Handovers(core.endpoint, lambda: CORE, folder, known)
    handovers.begin(told or TOLD)
    return core, handovers


async def until(core: Core, method: str, count: int = 1) -> list[Message]:
    async with asyncio.timeout(5):
        while len(core.requests(method)) < count:
            await asyncio.sleep(0.005)
    return core.requests(method)


def kept(folder: Path) -> int:
    """How many messages a successor would send."""
    return len(list(folder.iterdir()))


async def settled(folder: Path) -> None:
    async with asyncio.timeout(5):
        while kept(folder):
            await asyncio.sleep(0.005)


def from_other(message: Message, method: str, body: bytes = b"", kind: str = "application/sdp") -> bytes:
    """A request of the other side in the dialog of this request or answer of ours."""
    ours, theirs = message.header("from"), message.header("to")
    if message.is_response:
        ours, theirs = theirs, ours
    headers = [
        ("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKother"),
        ("From", theirs if ";tag=" in theirs else f"{theirs};tag=new"),
        ("To", ours),
        ("Call-ID", message.header("call-id")),
        ("CSeq", f"9 {method}"),
        ("Content-Type", kind),
    ]
    return sip.compose(f"{method} sip:127.0.0.1:5070 SIP/2.0", headers, body)


def test_the_phones_place_is_taken_and_one_end_ends_both(tmp_path: Path) -> None:
    """RFC 3725, RFC 5589: each side is told where the relay hears the other one; then the phone is out of it."""

    async def story() -> None:
        core, _ = await started(tmp_path)
        second, first = await until(core, "INVITE", 2)
        assert second.target == "sip:102_f00d@a.example"
        assert b"m=audio 45000 RTP/AVP 0 8 101" in second.body
        assert (first.tag("from"), first.tag("to"), first.header("call-id")) == ("ann", "out", "c1")
        assert first.header("x-ringfence-handover") == "f00d"
        assert b"m=audio 46000 RTP/AVP 0 101" in first.body
        (bye,) = await until(core, "BYE")
        assert (bye.tag("from"), bye.tag("to"), bye.target) == ("out", "ann", TOLD["phone"])
        assert core.news() == ["100", "200"]
        assert [int(one.header("cseq").split()[0]) for one in core.requests("NOTIFY")] == [8, 9]
        assert kept(tmp_path) == 2, "a successor would hang up both"
        core.hear(from_other(second, "BYE"))
        _, last = await until(core, "BYE", 2)
        assert (last.header("call-id"), last.tag("from")) == ("c1", "ann")
        await settled(tmp_path)
        assert core.endpoint is not None
        assert core.endpoint.acknowledgements == {}

    asyncio.run(story())


@pytest.mark.parametrize(("answers", "told"), [([486], "486"), ([200, 488], "503")])
def test_what_fails_leaves_the_phone_its_call(tmp_path: Path, answers: list[int], told: str) -> None:
    """The party hears nothing, or goes on as before; whoever answered is hung up."""

    async def story() -> None:
        core, _ = await started(tmp_path, {"INVITE": answers})
        await until(core, "INVITE")
        await settled(tmp_path)
        assert core.news()[-1] == told
        assert len(core.requests("BYE")) == len(core.requests("INVITE")) - 1
        assert all(one.header("call-id") != "c1" for one in core.requests("BYE"))
        assert len(core.requests("ACK")) == len(core.requests("INVITE"))

    asyncio.run(story())


def test_nobody_left_means_an_end_for_the_party(tmp_path: Path) -> None:
    """The phone hung up while it rang, and nobody takes the call: the party is hung up, the phone hears nothing."""

    async def story() -> None:
        core, handovers = await started(tmp_path, {"INVITE": []})
        (invite,) = await until(core, "INVITE")
        handovers.left({**TOLD, "cseq": 9})
        core.hear(sip.response(invite, 404, "Not Found", "t", []))
        (bye,) = await until(core, "BYE")
        assert (bye.header("call-id"), bye.tag("from")) == ("c1", "ann")
        await settled(tmp_path)
        assert "404" not in core.news()

    asyncio.run(story())


def test_a_party_that_gives_up_is_not_rung_for(tmp_path: Path) -> None:
    """CANCEL with the branch of the INVITE (RFC 3261 section 9.1); an answer that comes all the same is hung up."""

    async def story() -> None:
        core, handovers = await started(tmp_path, {"INVITE": []})
        (invite,) = await until(core, "INVITE")
        core.hear(sip.response(invite, 180, "Ringing", "t", []))
        handovers.over(TOLD)
        (cancel,) = await until(core, "CANCEL")
        assert cancel.branch == invite.branch
        body = tied("192.0.2.1", 46_000, speech.PCMU)
        core.hear(sip.response(invite, 200, "OK", "t", [("Contact", "<sip:x@192.0.2.7>")], body))
        (bye,) = await until(core, "BYE")
        assert bye.header("call-id") == invite.header("call-id")
        await settled(tmp_path)
        core.hear(from_other(sip.parse(PARTY), "BYE"))
        assert core.sent[-1].status == 200, "late, but of a call we know"

    asyncio.run(story())


def test_a_phone_that_leaves_a_transfer_nobody_knows_ends_the_partys_call(tmp_path: Path) -> None:
    """This process was killed between the REFER and the BYE."""

    async def story() -> None:
        core, handovers = await started(tmp_path, {"INVITE": [486]})
        await until(core, "INVITE")
        await settled(tmp_path)
        handovers.left({**TOLD, "token": "other"})
        (bye,) = await until(core, "BYE")
        assert (bye.header("call-id"), bye.header("x-ringfence-handover")) == ("c1", "other")

    asyncio.run(story())


def test_holding_refreshing_and_keys_between_the_two(tmp_path: Path) -> None:
    """A new session description is answered for the relay; one without our codec is not taken.

    Who leaves the offer to us gets the one that is in force.
    """

    async def story() -> None:
        core, _ = await started(tmp_path)
        second, first = await until(core, "INVITE", 2)
        await until(core, "BYE")
        hold = tied("192.0.2.1", 46_000, speech.PCMA, speech.PCMU).replace(b"sendrecv", b"sendonly")
        core.hear(from_other(second, "INVITE", hold))
        answer = core.sent[-1]
        assert answer.status == 200
        assert b"m=audio 45000 RTP/AVP 0 101" in answer.body
        assert b"a=recvonly" in answer.body
        core.hear(from_other(second, "INVITE", tied("192.0.2.1", 46_000, speech.PCMA)))
        assert core.sent[-1].status == 488
        core.hear(from_other(second, "INVITE"))
        assert (core.sent[-1].status, core.sent[-1].body) == (200, second.body)
        for method, status in (("UPDATE", 200), ("OPTIONS", 200), ("CANCEL", 200), ("MESSAGE", 405)):
            core.hear(from_other(first, method))
            assert core.sent[-1].status == status
        core.hear(from_other(first, "INFO", b"Signal=5\r\n", "application/dtmf-relay"))
        (key,) = await until(core, "INFO")
        assert (key.header("call-id"), key.body) == (second.header("call-id"), b"Signal=5\r\n")
        core.hear(from_other(first, "BYE"))
        await settled(tmp_path)

    asyncio.run(story())


def test_an_invite_is_not_repeated_once_it_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 3261 section 17.1.1.2; and a repeated final answer is acknowledged again."""
    monkeypatch.setattr(endpoint_module, "T1", 0.01)
    monkeypatch.setattr(endpoint_module, "T2", 0.01)

    async def story() -> None:
        core, _ = await started(tmp_path, {"INVITE": []})
        invite = (await until(core, "INVITE", 3))[0]
        core.hear(sip.response(invite, 183, "Progress", "t", []))
        await asyncio.sleep(0.05)
        sent = len(core.requests("INVITE"))
        await asyncio.sleep(0.05)
        assert len(core.requests("INVITE")) == sent
        answer = sip.response(
            invite, 200, "OK", "t", [("Contact", "<sip:x@192.0.2.7>")], tied("192.0.2.1", 46_000, speech.PCMU)
        )
        core.hear(answer)
        await until(core, "ACK")
        core.hear(answer)
        assert len([one for one in core.requests("ACK") if one.header("call-id") == invite.header("call-id")]) == 2

    asyncio.run(story())


def test_whoever_is_asked_to_stop_hangs_up_both_and_leaves_word(tmp_path: Path) -> None:
    """An upgrade of the voice process: nobody is left alone, even if the core is away for a moment."""

    async def story() -> None:
        core, _ = await started(tmp_path)
        second, first = await until(core, "INVITE", 2)
        await until(core, "BYE")
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        byes = await until(core, "BYE", 3)
        assert {one.header("call-id") for one in byes[1:]} == {first.header("call-id"), second.header("call-id")}
        assert kept(tmp_path) == 2

    asyncio.run(story())


def fetching(parked: str, port: int = 47_000, *, call_id: str = "c3", offer: bytes = b"") -> bytes:
    headers = [
        ("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKfetch"),
        ("Record-Route", "<sip:192.0.2.1;lr>"),
        ("From", "<sip:103@a.example>;tag=cem"),
        ("To", "<sip:*71101@a.example>"),
        ("Call-ID", call_id),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:103@192.0.2.8>"),
        ("X-Ringfence-Argument", f"{parked} 1-1 +4989777@a.example"),
    ]
    body = offer or tied("192.0.2.1", port, speech.PCMA)
    return sip.compose("INVITE sip:fetch@127.0.0.1:5070 SIP/2.0", headers, body)


def test_a_parked_party_is_tied_to_whoever_fetches_it(tmp_path: Path) -> None:
    """The party learns the new port, the music ends, and the two end together; a second one finds nobody."""

    async def story() -> None:
        core, _ = await started(tmp_path, told={**TOLD, "number": "*70"})
        music, _ = await until(core, "INVITE", 2)
        await until(core, "BYE")
        core.hear(fetching("another"))
        assert core.sent[-1].status == 404
        core.hear(fetching(music.header("call-id")))
        *_, renewed = await until(core, "INVITE", 3)
        assert renewed.header("call-id") == "c1"
        assert b"m=audio 47000 RTP/AVP 8 101" in renewed.body
        _, end_of_music = await until(core, "BYE", 2)
        assert end_of_music.header("call-id") == music.header("call-id")
        async with asyncio.timeout(5):
            while not (answers := [one for one in core.sent if one.status == 200 and one.header("call-id") == "c3"]):
                await asyncio.sleep(0.005)
        assert b"m=audio 45000 RTP/AVP 8 101" in answers[0].body
        core.hear(from_other(answers[0], "ACK"))
        core.hear(fetching(music.header("call-id"), call_id="c4"))
        assert core.sent[-1].status == 404
        core.hear(from_other(renewed, "BYE"))
        *_, last = await until(core, "BYE", 3)
        assert (last.header("call-id"), last.tag("to"), last.target) == ("c3", "cem", "sip:103@192.0.2.8")
        await settled(tmp_path)

    asyncio.run(story())


def test_a_party_that_does_not_follow_stays_parked(tmp_path: Path) -> None:
    """Whoever fetches is refused; the party hears its music on."""

    async def story() -> None:
        core, _ = await started(tmp_path, {"INVITE": [200, 200, 488]}, {**TOLD, "number": "*70"})
        music, _ = await until(core, "INVITE", 2)
        await until(core, "BYE")
        core.hear(fetching(music.header("call-id")))
        async with asyncio.timeout(5):
            while not any(one.is_response and one.status == 503 for one in core.sent):
                await asyncio.sleep(0.005)
        assert len(core.requests("BYE")) == 1
        core.hear(fetching(music.header("call-id"), call_id="c4"))
        await until(core, "INVITE", 4)

    asyncio.run(story())
