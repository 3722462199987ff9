"""Session descriptions that answer no offer: they move no media, and no address of a phone passes in them (case 80;
RFC 3261 sections 11.2 and 21.4.26).
"""

import time
from typing import Any

import pytest

from ringfence.lab import sip, srtp
from ringfence.lab.softphone import Dialog, Softphone, end_call
from tests.system.features.steps import branch_of

pytestmark = pytest.mark.usefixtures("oracle")
ELSEWHERE = "192.0.2.66"
CAPABLE = sip.sdp(ELSEWHERE, 0)
PACKETS = 20
SDP: sip.Headers = [("Content-Type", "application/sdp")]


@pytest.mark.parametrize("status", [415, 486, 606])
def test_a_refusal_does_not_tell_where_the_called_phone_is(phone: Any, status: int) -> None:
    caller, callee = phone("860"), phone("861")
    uri, headers = caller.begin_call("861")
    callee.respond(callee.request("INVITE"), status, "No", "x", body=sip.sdp(ELSEWHERE, 4_000))
    refused = caller.final(branch_of(headers))
    caller.send_ack(refused, uri, headers)
    assert refused.status == status
    assert ELSEWHERE.encode() not in refused.raw


@pytest.mark.parametrize("method", ["OPTIONS", "INFO"])
def test_an_answer_to_what_offered_nothing_leaves_the_sound_as_it_is(phone: Any, method: str) -> None:
    """Gateways and phones ask with OPTIONS whether a call still stands, and are told what the other one could do."""
    caller, callee = phone("860"), phone("861")
    with caller.host.udp(40_000) as mouth, callee.host.udp(40_000) as ears:
        uri, headers = caller.begin_call("861")
        invite = callee.request("INVITE")
        callee.answer_call(invite)
        dialog = caller.call_answered(uri, headers)
        callee.request("ACK")
        places = sip.media_address(dialog.body), sip.media_address(invite.body)
        answer = asked(caller, callee, dialog, method, 200, CAPABLE)
        assert (answer.status, answer.body) == (200, b"")
        refused = asked(caller, callee, dialog, "INVITE", 488, CAPABLE)
        assert (refused.status, refused.body) == (488, b"")
        for number in range(PACKETS):
            mouth.sendto(srtp.packets(1, [b"SPOKEN" * 20] * PACKETS)[number], places[0])
            ears.sendto(srtp.packets(2, [b"SPOKEN" * 20] * PACKETS)[number], places[1])
            time.sleep(0.02)
        time.sleep(0.2)
        assert [heard(sock) for sock in (mouth, ears)] == [PACKETS, PACKETS]
    assert end_call(caller, callee, dialog).status == 200


@pytest.mark.parametrize("offers", [True, False], ids=["answered", "offered late"])
def test_a_weaker_answer_within_a_call_ends_it(phone: Any, srtp_phone: Any, require: Any, offers: bool) -> None:
    """Case 75: who has to encrypt answers a later offer, or makes one when asked for it, with plain RTP. Neither side
    is told of that, and the call does not stand there without sound."""
    require("862", "required")
    caller, callee = srtp_phone("862", f"a=crypto:1 {srtp.new_keys().inline}\r\n"), phone("861")
    uri, headers = caller.begin_call("861")
    theirs = callee.answer_call(callee.request("INVITE"))
    caller.call_answered(uri, headers)
    callee.request("ACK")
    body = sip.sdp(callee.address, 40_000)
    raw = callee.in_dialog(theirs, "INVITE", SDP if offers else [], body if offers else b"")
    callee.send(raw)
    caller.respond(caller.request("INVITE"), 200, "OK", body=sip.sdp(caller.address, 40_000))
    answer = callee.final(sip.parse(raw).branch)
    assert (answer.status, answer.body) == (200, b"")
    callee.send(callee.in_dialog(theirs, "ACK", [] if offers else SDP, b"" if offers else body))
    for one in (caller, callee):
        one.respond(one.request("BYE", 10), 200, "OK")


def asked(caller: Softphone, callee: Softphone, dialog: Dialog, method: str, status: int, body: bytes) -> sip.Message:
    """What the caller hears of a request within the call that the callee answers so."""
    offers = method == "INVITE"
    content = SDP if offers else []
    raw = caller.in_dialog(dialog, method, content, sip.sdp(caller.address, 40_000) if offers else b"")
    caller.send(raw)
    callee.respond(callee.request(method), status, "As It Is", body=body)
    answer = caller.final(sip.parse(raw).branch)
    if offers:
        caller.send_ack(answer, dialog.target, [*_sent(raw)])
        callee.request("ACK")
    return answer


def _sent(raw: bytes) -> sip.Headers:
    names = {"via": "Via", "from": "From", "call-id": "Call-ID", "cseq": "CSeq", "max-forwards": "Max-Forwards"}
    return [(names[name], value) for name, value in sip.parse(raw).headers if name in names]


def heard(sock: Any) -> int:
    sock.setblocking(False)
    count = 0
    while True:
        try:
            count += b"SPOKEN" in sock.recv(2048)
        except BlockingIOError:
            return count
