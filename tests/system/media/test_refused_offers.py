"""A new session description that the other phone refuses: the call is what it was (RFC 3261 section 14.1).

RFC 3264 section 8. Faxes begin so: T.38 is refused, and the sound goes on.
"""

from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Dialog, Softphone, dialog_of_callee, end_call
from tests.system.hearing import ear

pytestmark = pytest.mark.usefixtures("oracle")

CALLER, CALLEE = "851", "852"
SDP: Final = [("Content-Type", "application/sdp")]


def fax(phone: Softphone) -> bytes:
    plain = sip.sdp(phone.address, 40_100).partition(b"m=audio")[0]
    return plain + b"m=image 40100 udptl t38\r\na=T38FaxVersion:0\r\n"


def held(phone: Softphone) -> bytes:
    return sip.sdp(phone.address, 40_000).replace(b"sendrecv", b"sendonly")


def moved(phone: Softphone) -> bytes:
    return sip.sdp(phone.address, 40_060)


def is_refused(phone: Softphone, other: Softphone, dialog: Dialog, body: bytes, code: int) -> None:
    raw = phone.in_dialog(dialog, "INVITE", SDP, body)
    phone.send(raw)
    other.respond(other.request("INVITE"), code, "Not now")
    answer = phone.final(sip.parse(raw).branch)
    assert (answer.status, answer.body) == (code, b"")
    kept = {"via": "Via", "max-forwards": "Max-Forwards", "from": "From", "call-id": "Call-ID", "route": "Route"}
    headers = [(kept[name], value) for name, value in sip.parse(raw).headers if name in kept]
    phone.send_ack(answer, dialog.target, [*headers, ("CSeq", f"{dialog.cseq} INVITE")])
    other.request("ACK")


@pytest.mark.parametrize("asks", ["caller", "callee"])
@pytest.mark.parametrize(("said", "code"), [(fax, 488), (held, 491), (moved, 488)])
def test_both_hear_each_other_on_after_a_refused_offer(phone: Any, asks: str, said: Any, code: int) -> None:
    caller, callee = phone(CALLER), phone(CALLEE)
    dialled = caller.begin_call(CALLEE)
    invite = callee.request("INVITE")
    tag = sip.new_token()
    callee.respond(invite, 200, "OK", tag, body=sip.sdp(callee.address, 40_000))
    ours, theirs = caller.call_answered(*dialled), dialog_of_callee(invite, tag)
    callee.request("ACK")
    phones = (caller, callee, ours) if asks == "caller" else (callee, caller, theirs)
    is_refused(*phones, said(phones[0]), code)
    ends = sip.media_address(ours.body), sip.media_address(invite.body)
    with ear(caller) as one, ear(callee) as other:
        within(5, lambda: one.speaks(ends[0]) and other.speaks(ends[1]) and one.listen(0.05), "the caller hears")
        within(5, lambda: one.speaks(ends[0]) and other.speaks(ends[1]) and other.listen(0.05), "the callee hears")
    assert end_call(caller, callee, ours).status == 200
