"""Case 86: WebSocket frames that break RFC 6455 end their own connection, and no other one."""

import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, Final

import pytest

from ringfence.lab.network import Host
from ringfence.lab.product import within
from ringfence.lab.softphone import Transport, end_call, establish
from tests.system.attack_cases.frames import WSI, WSS, Op, closed_within, frame, opened, said

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

SUBSCRIPTION: Final = frame(Op.TEXT, b'{"type":"subscribe","topics":["calls"]}')
SIP: Final = (
    b"OPTIONS sip:acme.example SIP/2.0\r\nVia: SIP/2.0/WSS phone.invalid;branch=z9hG4bKframe\r\nMax-Forwards: 70\r\n"
    b"From: <sip:a@acme.example>;tag=1\r\nTo: <sip:acme.example>\r\nCall-ID: framed\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)
INTERRUPTED: Final = frame(Op.TEXT, SIP[:9], last=False)
BROKEN: Final = {
    "unmasked": frame(Op.TEXT, SIP, masked=False),
    **{f"reserved bit {bit}": frame(Op.TEXT, SIP, reserved=bit) for bit in (1, 2, 4)},
    "reserved opcode": frame(Op.RESERVED, SIP),
    "reserved control opcode": frame(Op.RESERVED_CONTROL),
    "ping of 64 KB": frame(Op.PING, b"x" * 65_536),
    "ping in parts": frame(Op.PING, b"x", last=False),
    "endless parts": INTERRUPTED + frame(Op.CONTINUATION, b"x" * 1_000, last=False) * 70,
    "close of one byte": frame(Op.CLOSE, b"\x03"),
    "close with no code that may be sent": frame(Op.CLOSE, struct.pack("!H", 1005)),
    "a length of 2^63-1": frame(Op.BINARY, b"x" * 20_000, declared=(1 << 63) - 1),
    "a length of 2^32+20": frame(Op.BINARY, b"x" * 20_000, declared=(1 << 32) + 20),
    "a length of 2^20": frame(Op.BINARY, b"x" * 200_000, declared=1 << 20),
    "invalid UTF-8": frame(Op.TEXT, b"\xff\xfe\xfd" * 30),
    "no frame at all": SIP,
}
AT_THE_EVENT_SOCKET: Final = {
    **BROKEN,
    "continuation first": frame(Op.CONTINUATION, SIP),
    "text between parts": INTERRUPTED + frame(Op.TEXT, SIP),
    "endless empty parts": INTERRUPTED + frame(Op.CONTINUATION, b"", last=False) * 5_000,
    "a second subscription": SUBSCRIPTION,
}
SILENT_FOR: Final = 45.0
ROOM: Final = 400_000
"""Bytes of the core's memory that may be in use for the phones here."""


@pytest.fixture
def breaker(pbx: Any, stranger: Callable[[], Host]) -> Iterator[Host]:
    """Allowed, so that no limit of the kernel stands before what is looked at."""
    host = stranger()
    entry = pbx.product.allow(host.address)
    yield host
    pbx.rest.delete(f"ip-filters/{entry['id']}")


def test_broken_frames_end_their_websocket_and_no_other_at_the_sip_core(pbx: Any, phone: Any, breaker: Host) -> None:
    """A phone over TLS keeps its connection, a WebSocket from before still speaks SIP, a call is set up."""
    free = pbx.product.shared_memory_free()
    with opened(breaker, WSS) as lasting:
        assert left_open(breaker, WSS, BROKEN) == []
        lasting.sendall(frame(Op.TEXT, SIP))
        assert said(lasting, b"SIP/2.0 200")
    caller, callee = phone("933", Transport.TLS), phone("934")
    dialog, _ = establish(caller, callee)
    assert end_call(caller, callee, dialog).status == 200
    within(60, lambda: free - pbx.product.shared_memory_free() < ROOM, "what they held is given back")


def test_broken_frames_end_their_websocket_and_no_other_at_the_event_socket(
    pbx: Any, phone: Any, breaker: Host
) -> None:
    """The listener from before hears the next call. One whose close is not answered is ended after ten seconds."""
    with opened(breaker, WSI, pbx.rest.token) as lasting:
        lasting.sendall(SUBSCRIPTION)
        assert said(lasting, b"subscribed")
        assert left_open(breaker, WSI, AT_THE_EVENT_SOCKET, pbx.rest.token) == []
        caller, callee = phone("933"), phone("934")
        dialog, _ = establish(caller, callee)
        assert said(lasting, b"call.answered")
        assert end_call(caller, callee, dialog).status == 200


@pytest.mark.parametrize(
    "frames",
    [frame(Op.CONTINUATION, SIP), INTERRUPTED + frame(Op.TEXT, SIP), frame(Op.TEXT, b"", last=False)],
    ids=["continuation first", "text between parts", "a part of nothing"],
)
def test_what_the_engine_takes_for_whole_is_no_way_around_the_rules(breaker: Host, frames: bytes) -> None:
    """Kamailio does not close these. What is in them is a message like each other, answered by the same rules, and
    whoever brings no registration is sent away for that."""
    with opened(breaker, WSS) as link:
        link.sendall(frames)
        assert closed_within(link, SILENT_FOR)


@pytest.mark.parametrize("half", [frame(Op.TEXT, SIP)[:40], b"\x81"], ids=["half a frame", "a byte"])
def test_a_frame_that_never_ends_holds_its_websocket_for_a_while_only(breaker: Host, half: bytes) -> None:
    with opened(breaker, WSS) as link:
        link.sendall(half)
        assert closed_within(link, SILENT_FOR)


@pytest.mark.parametrize("kind", [Op.PING, Op.CONTINUATION], ids=lambda one: str(one.name))
def test_listeners_hear_in_time_while_strangers_send_nothing_but_empty_frames(
    pbx: Any, phone: Any, stranger: Callable[[], Host], kind: Op
) -> None:
    """At the event socket, without a token: pings, each of which is answered, and parts of a message that never ends.
    300 KB of pings on five connections kept everybody waiting for three seconds."""
    host, storm = stranger(), frame(kind, b"", last=kind is Op.PING) * 500
    caller, callee = phone("933"), phone("934")
    with ExitStack() as stack:
        lasting = stack.enter_context(opened(stranger(), WSI, pbx.rest.token))
        lasting.sendall(SUBSCRIPTION)
        assert said(lasting, b"subscribed")
        links = [stack.enter_context(opened(host, WSI)) for _ in range(5)]
        for link in links:
            link.sendall(INTERRUPTED if kind is Op.CONTINUATION else b"")
            link.setblocking(False)
        storming = threading.Thread(target=_send_what_they_take, args=(links, storm))
        storming.start()
        storming.join()
        begun = time.monotonic()
        dialog, _ = establish(caller, callee)
        assert said(lasting, b"call.answered")
        assert time.monotonic() - begun <= 2.0
        assert end_call(caller, callee, dialog).status == 200


def _send_what_they_take(links: list[ssl.SSLSocket], storm: bytes) -> None:
    """In a thread of its own: a send that fails, for these connections are cut, spoils the next read of any other TLS
    connection in that thread.
    """
    for link in links:
        with suppress(OSError):
            for _ in range(20):
                link.send(storm)


def left_open(host: Host, port: int, frames: dict[str, bytes], token: str = "") -> list[str]:
    """The names of those whose connection was not ended within eleven seconds."""
    with ExitStack() as stack:
        links = {}
        for name, raw in frames.items():
            links[name] = stack.enter_context(opened(host, port, token))
            if port == WSI:
                links[name].sendall(SUBSCRIPTION)
                assert said(links[name], b"subscribed")
            with suppress(OSError):  # it may be closed before all of it is sent
                links[name].sendall(raw)
        return [name for name, link in links.items() if not closed_within(link, 12)]
