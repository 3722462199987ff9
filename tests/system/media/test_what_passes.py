"""Nobody is told an address of the other side, and nothing passes the relay by (topology; reference "SRTP ...").

Streams that the relay does not carry, alternatives and addresses in attributes went through as the phone wrote them.
"""

from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.softphone import Dialog, Softphone, dialog_of_caller, end_call
from tests.system.features.steps import branch_of
from tests.system.media.test_encryption import AES_128, NOTHING, record, refused

pytestmark = pytest.mark.usefixtures("oracle")

ELSEWHERE: Final = "192.0.2.77"
"""Where the phone would have the other side send to, past the relay."""
MESSAGES: Final = f"m=message 40004 TCP/MSRP *\r\nc=IN IP4 {ELSEWHERE}\r\na=path:msrp://{ELSEWHERE}:1/x;tcp\r\n"
SAID: Final = (
    MESSAGES,
    f"m=application 40004 UDP/BFCP *\r\nc=IN IP4 {ELSEWHERE}\r\n",
    f"m=audio 40004 TCP/RTP/AVP 8\r\nc=IN IP4 {ELSEWHERE}\r\n",
    f"m=application 40004 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 {ELSEWHERE}\r\n",
    f"a=altc:1 IP4 {ELSEWHERE} 5000\r\n",
    f"a=tcap:1 RTP/SAVP\r\na=ccap:1 IN IP4 {ELSEWHERE}\r\na=pcfg:1 t=1\r\n",
    f"a=x-phone:{ELSEWHERE}\r\nk=clear:{ELSEWHERE}\r\n",
)


@pytest.fixture
def pair(phone: Any) -> tuple[Softphone, Softphone]:
    return phone("181"), phone("182")


def says(asks: Softphone, more: str) -> None:
    """From now on its offers hold these lines too."""
    body = sip.sdp(asks.address, 40_000) + more.encode()
    asks.offer = lambda: ([("Content-Type", "application/sdp")], body)  # type: ignore[method-assign]


def shows(message: sip.Message, phone: Softphone) -> list[str]:
    """What a description tells of the other side."""
    return [line for line in message.body.decode().split("\r\n") if ELSEWHERE in line or phone.address in line]


def acknowledged(caller: Softphone, answer: sip.Message) -> Dialog:
    dialog = dialog_of_caller(answer)
    caller.send(caller.in_dialog(dialog, "ACK"))
    return dialog


@pytest.mark.parametrize("more", SAID, ids=[one.split()[0] + one.split()[1] for one in SAID])
def test_an_offer_and_its_answer_name_the_relay_alone(pair: tuple[Softphone, Softphone], more: str) -> None:
    """Each stream keeps its place (RFC 3264 section 6); a new offer within the call is treated alike."""
    caller, callee = pair
    says(caller, more)
    _, headers = caller.begin_call("182")
    invite = callee.request("INVITE")
    assert shows(invite, caller) == []
    assert invite.body.count(b"m=") == 1 + more.count("m=")
    callee.respond(invite, 200, "OK", "t", body=sip.sdp(callee.address, 40_002) + more.encode())
    answer = caller.final(branch_of(headers))
    assert shows(answer, callee) == []
    dialog = acknowledged(caller, answer)
    callee.request("ACK")
    raw = caller.in_dialog(dialog, "INVITE", *caller.offer())
    caller.send(raw)
    again = callee.request("INVITE")
    assert shows(again, caller) == []
    callee.respond(again, 200, "OK", "", body=sip.sdp(callee.address, 40_002) + more.encode())
    assert shows(caller.final(sip.parse(raw).branch), callee) == []
    caller.send(caller.in_dialog(dialog, "ACK"))
    assert end_call(caller, callee, dialog).status == 200


def test_an_offer_with_nothing_that_is_carried_is_refused(pbx: Any, pair: tuple[Softphone, Softphone]) -> None:
    caller, callee = pair
    body = sip.sdp(caller.address, 40_000).partition(b"m=")[0] + MESSAGES.encode()
    caller.offer = lambda: ([("Content-Type", "application/sdp")], body)  # type: ignore[method-assign]
    assert refused(caller, "182").status == 488
    assert not callee.requests_within(0.3)
    assert record(pbx, "181", "182")["rule"] == "media.nothing"


@pytest.mark.parametrize(
    ("encryption", "lines"),
    [("off", AES_128), ("off", f"m=audio 40004 RTP/SAVP 8\r\n{AES_128}"), ("offered", NOTHING), ("off", NOTHING)],
)
def test_keys_that_are_not_to_be_used_are_not_answered(
    pair: tuple[Softphone, Softphone], require: Any, encryption: str, lines: str
) -> None:
    """Under a plain stream (RFC 8643), or beside one: the phone has the plain stream, and no key that means nothing."""
    require("181", encryption)
    caller, callee = pair
    says(caller, lines)
    _, headers = caller.begin_call("182")
    invite = callee.request("INVITE")
    refused_streams = "m=audio 0 RTP/SAVP 8\r\n" if "m=" in lines else ""
    answer = sip.sdp(callee.address, 40_002) + refused_streams.encode()
    callee.respond(invite, 200, "OK", "t", body=answer)
    answered = caller.final(branch_of(headers))
    dialog = acknowledged(caller, answered)
    callee.request("ACK")
    try:
        assert b"a=crypto" not in answered.body
        assert b"RTP/AVP" in answered.body
    finally:
        end_call(caller, callee, dialog)
