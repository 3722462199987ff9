"""A phone that takes nothing but SRTP can be called without a setting (reference "SRTP and DTLS-SRTP ...", ADR 26)."""

from base64 import b64encode
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.softphone import Softphone, Transport

pytestmark = pytest.mark.usefixtures("oracle")

KEY = "a=crypto:1 AEAD_AES_256_GCM inline:" + b64encode(bytes(range(44))).decode() + "\r\n"


def declined(caller: Softphone, callee: Softphone, number: str) -> tuple[str, sip.Headers, sip.Message]:
    """The offer that leaves SRTP to the phone is refused by it; what it is told next."""
    uri, headers = caller.begin_call(number)
    first = callee.request("INVITE")
    assert b"RTP/AVP" in first.body
    callee.respond(first, 488, "Not Acceptable Here", sip.new_token())
    callee.request("ACK")
    return uri, headers, first


@pytest.mark.parametrize(("transport", "numbers"), [(Transport.TLS, ("860", "861")), (Transport.UDP, ("862", "863"))])
def test_it_is_asked_again_with_srtp_alone(phone: Any, transport: Transport, numbers: tuple[str, str]) -> None:
    """The second offer is RTP/SAVP, the call goes on, and its other side stays as it was offered."""
    caller, callee = phone(numbers[0]), phone(numbers[1], transport)
    uri, headers, _ = declined(caller, callee, numbers[1])
    second = callee.request("INVITE")
    assert b"RTP/SAVP" in second.body
    assert b"a=crypto" in second.body
    answer = sip.sdp(callee.address, 40_000).replace(b"RTP/AVP", b"RTP/SAVP") + KEY.encode()
    callee.respond(second, 200, "OK", sip.new_token(), body=answer)
    dialog = caller.call_answered(uri, headers)
    assert b"RTP/AVP" in dialog.body
    callee.request("ACK")
    caller.send(caller.in_dialog(dialog, "BYE"))
    callee.respond(callee.request("BYE"), 200, "OK")


def test_it_is_asked_once_and_not_where_nothing_is_to_be_encrypted(phone: Any, require: Any) -> None:
    """A phone that refuses both offers has no call, and an extension without encryption is not asked twice."""
    caller, callee = phone("864"), phone("865")
    uri, headers, _ = declined(caller, callee, "865")
    callee.respond(callee.request("INVITE"), 488, "Not Acceptable Here", sip.new_token())
    answer = caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch)
    caller.send_ack(answer, uri, headers)
    assert answer.status == 488
    require("865", "off")
    callee.requests_within(0.2)
    uri, headers, _ = declined(caller, callee, "865")
    answer = caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch)
    caller.send_ack(answer, uri, headers)
    assert answer.status == 488
    assert not callee.requests_within(0.5)


def test_it_rings_beside_a_device_that_goes_on_ringing(phone: Any) -> None:
    """It is asked again at once, and the other devices of the extension ring on undisturbed."""
    caller, desk, soft = phone("866"), phone("867"), phone("867", Transport.TCP)
    uri, headers = caller.begin_call("867")
    ringing, first = desk.request("INVITE"), soft.request("INVITE")
    desk.respond(ringing, 180, "Ringing", "desk")
    soft.respond(first, 488, "Not Acceptable Here", sip.new_token())
    soft.request("ACK")
    second = soft.request("INVITE")
    assert b"RTP/SAVP" in second.body
    assert [one.method for one in desk.requests_within(0.3)] == []
    answer = sip.sdp(soft.address, 40_000).replace(b"RTP/AVP", b"RTP/SAVP") + KEY.encode()
    soft.respond(second, 180, "Ringing", "soft")
    soft.respond(second, 200, "OK", "soft", body=answer)
    dialog = caller.call_answered(uri, headers)
    soft.request("ACK")
    cancel = desk.request("CANCEL")
    desk.respond(cancel, 200, "OK", "desk")
    desk.respond(ringing, 487, "Request Terminated", "desk")
    caller.send(caller.in_dialog(dialog, "BYE"))
    soft.respond(soft.request("BYE"), 200, "OK")
