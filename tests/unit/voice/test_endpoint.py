"""The voice process's SIP side: whom it hears, how it answers, and that a call always ends."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.voice import sdp, sip
from ringfence.voice.endpoint import Address, Endpoint, Leg

CORE: Address = ("127.0.0.1", 5060)
SDP = b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 45000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"


def request(
    method: str, cseq: int = 1, to_tag: str = "", body: bytes = b"", branch: str = "z9hG4bK1", require: str = ""
) -> bytes:
    headers = [
        ("Via", f"SIP/2.0/UDP 127.0.0.1:5060;branch={branch}"),
        ("Record-Route", "<sip:127.0.0.1;lr>"),
        ("f", "<sip:101@a.example>;tag=abc"),
        ("To", f"<sip:*97@a.example>{f';tag={to_tag}' if to_tag else ''}"),
        ("Call-ID", "c1"),
        ("CSeq", f"{cseq} {method}"),
        ("Contact", "<sip:101@192.0.2.1>"),
        ("X-Ringfence-Argument", "101@a.example"),
        *([("Require", require)] if require else []),
    ]
    return sip.compose(f"{method} sip:mailbox@127.0.0.1:5070 SIP/2.0", headers, body)


class Wire(asyncio.DatagramTransport):
    """What the endpoint sends, instead of a network."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[sip.Message] = []

    def sendto(self, data: bytes | bytearray | memoryview, addr: object = None) -> None:
        self.sent.append(sip.parse(bytes(data)))

    def statuses(self, method: str) -> list[int]:
        return [message.status for message in self.sent if message.is_response and message.method == method]


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not look():
            await asyncio.sleep(0.01)


async def endpoint_of(folder: Path, serve: Callable[[Leg], object]) -> tuple[Endpoint, Wire]:
    async def served(leg: Leg) -> None:
        result = serve(leg)
        if asyncio.iscoroutine(result):
            await result

    wire = Wire()
    endpoint = Endpoint("127.0.0.1", 5070, lambda source: source == CORE, served, folder)
    endpoint.connection_made(wire)
    return endpoint, wire


def test_a_call_is_answered_served_and_ended_by_us(tmp_path: Path) -> None:
    """200 with G.711 and keys, the service runs after the ACK, then a BYE along the route of the INVITE."""
    seen: list[tuple[str, str]] = []

    async def story() -> None:
        endpoint, wire = await endpoint_of(tmp_path, lambda leg: seen.append((leg.service, leg.facts["argument"])))
        endpoint.datagram_received(request("INVITE", body=SDP), CORE)
        await until(lambda: wire.statuses("INVITE") == [200])
        answer = wire.sent[0]
        assert b"RTP/AVP 8 101" in answer.body
        endpoint.datagram_received(request("ACK", to_tag=answer.tag("to")), CORE)
        await until(lambda: wire.sent[-1].start.startswith("BYE sip:101@192.0.2.1"))
        bye = wire.sent[-1]
        assert bye.header("route") == "<sip:127.0.0.1;lr>"
        endpoint.datagram_received(sip.response(bye, 200, "OK", "", []), CORE)
        await until(lambda: endpoint.calls == 0)

    asyncio.run(story())
    assert seen == [("mailbox", "101@a.example")]
    assert list(tmp_path.iterdir()) == []


def test_a_caller_who_leaves_the_offer_to_us_is_heard_after_the_ack(tmp_path: Path) -> None:
    """RFC 3261 section 13.2.1; the same in the call. Nothing is served to who does not say where."""
    seen: list[bool] = []

    async def story() -> None:
        endpoint, wire = await endpoint_of(tmp_path, lambda leg: seen.append(leg.media.is_placed))
        for body, branch in ((SDP, "z9hG4bK1"), (b"", "z9hG4bK2")):
            endpoint.datagram_received(request("INVITE", branch=branch), CORE)
            await until(lambda: wire.sent and wire.sent[-1].status == 200)
            answer = wire.sent[-1]
            assert b"RTP/AVP 8 0 101" in answer.body
            endpoint.datagram_received(request("ACK", to_tag=answer.tag("to"), body=body), CORE)
            await until(lambda: wire.sent[-1].start.startswith("BYE"))
            endpoint.datagram_received(sip.response(wire.sent[-1], 200, "OK", "", []), CORE)
            await until(lambda: endpoint.calls == 0)

    asyncio.run(story())
    assert seen == [True]


def test_a_caller_who_hangs_up_ends_the_service(tmp_path: Path) -> None:
    ended: list[bool] = []

    async def forever(leg: Leg) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def story() -> None:
        endpoint, wire = await endpoint_of(tmp_path, forever)
        endpoint.datagram_received(request("INVITE", body=SDP), CORE)
        await until(lambda: wire.sent)
        tag = wire.sent[0].tag("to")
        endpoint.datagram_received(request("ACK", to_tag=tag), CORE)
        endpoint.datagram_received(request("INFO", 2, tag, branch="z9hG4bK2"), CORE)
        endpoint.datagram_received(request("INVITE", 3, tag, SDP, "z9hG4bK3"), CORE)
        await asyncio.sleep(0.02)
        endpoint.datagram_received(request("BYE", 4, tag, branch="z9hG4bK4"), CORE)
        await until(lambda: ended)
        assert wire.statuses("BYE") == wire.statuses("INFO") == [200]
        assert wire.statuses("INVITE") == [200, 200]

    asyncio.run(story())


def test_only_the_core_is_heard(tmp_path: Path) -> None:
    """Another program of this host, even on loopback, gets no answer."""

    async def story() -> None:
        endpoint, wire = await endpoint_of(tmp_path, lambda leg: None)
        endpoint.datagram_received(request("OPTIONS"), ("127.0.0.1", 40_000))
        endpoint.datagram_received(b"\x00" * 50, CORE)
        assert wire.sent == []
        endpoint.datagram_received(request("OPTIONS"), CORE)
        endpoint.datagram_received(request("SUBSCRIBE"), CORE)
        endpoint.datagram_received(request("BYE", to_tag="gone"), CORE)
        endpoint.datagram_received(request("INVITE", body=b"m=audio 45000 RTP/AVP 96\r\nc=IN IP4 1.2.3.4\r\n"), CORE)
        assert [message.status for message in wire.sent] == [200, 405, 481, 488]

    asyncio.run(story())


def test_the_calls_of_a_killed_predecessor_are_ended(tmp_path: Path) -> None:
    """Nobody holds a silent line: the successor says BYE for them."""

    async def story() -> None:
        (tmp_path / "left").write_bytes(request("BYE", to_tag="x"))
        endpoint, wire = await endpoint_of(tmp_path, lambda leg: None)
        ending = asyncio.ensure_future(endpoint.end_orphans(CORE))
        await until(lambda: wire.sent)
        endpoint.datagram_received(sip.response(wire.sent[0], 481, "Gone", "", []), CORE)
        assert await ending == 1

    asyncio.run(story())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "raw", [b"", b"GET / HTTP/1.1\r\n\r\n", b"INVITE sip:a SIP/2.0\r\nno colon\r\n\r\n", b"\xff x y"]
)
def test_what_is_no_message_is_not_read(raw: bytes) -> None:
    with pytest.raises(sip.Unreadable):
        sip.parse(raw)


def test_a_value_cannot_end_its_line() -> None:
    with pytest.raises(ValueError, match="line break"):
        sip.compose("NOTIFY sip:a SIP/2.0", [("To", "x\r\nVia: y")])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"m=audio 0 RTP/AVP 0\r\nc=IN IP4 1.2.3.4",
        b"m=audio x RTP/AVP 0",
        b"m=video 9 RTP/AVP 0\r\nc=IN IP4 1.2.3.4",
    ],
)
def test_an_offer_without_g711_is_none(body: bytes) -> None:
    assert sdp.read_offer(body) is None


def test_hold_is_answered_the_other_way_round() -> None:
    offer = sdp.read_offer(SDP + b"a=sendonly\r\n")
    assert offer is not None
    assert b"a=recvonly" in sdp.answer(offer, "127.0.0.1", 4000, 1)


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "UPDATE", "INFO"])
def test_what_requires_an_unknown_extension_is_refused_and_named(tmp_path: Path, method: str) -> None:
    """RFC 3261 section 8.2.2.3 (case P3): no call begins, and the caller can leave the extension out."""

    async def story() -> None:
        endpoint, wire = await endpoint_of(tmp_path, lambda leg: None)
        endpoint.datagram_received(request(method, body=SDP, require="100rel, foo,bar"), CORE)
        assert wire.statuses(method) == [420]
        assert wire.sent[0].header("unsupported") == "foo, bar"
        assert endpoint.calls == 0

    asyncio.run(story())


@pytest.mark.parametrize(("method", "require"), [("BYE", "foo"), ("CANCEL", "foo"), ("OPTIONS", "100rel")])
def test_an_end_is_taken_whatever_it_requires_and_reliable_ringing_is_no_obstacle(
    tmp_path: Path, method: str, require: str
) -> None:
    """RFC 3262: who answers nothing provisional has nothing to send reliably."""

    async def story() -> None:
        endpoint, wire = await endpoint_of(tmp_path, lambda leg: None)
        endpoint.datagram_received(request(method, require=require), CORE)
        assert wire.statuses(method) != [420]

    asyncio.run(story())
