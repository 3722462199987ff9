"""An INVITE without a session description: the answer offers and the ACK answers (RFC 3261 section 13.2.1, RFC 3264).

Attack cases 71 and 75: whichever way round, all of it goes through the relay and nothing required is plain.
"""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.sip import Headers, Message
from ringfence.lab.softphone import Dialog, Softphone, dialog_of_caller, end_call, establish
from tests.system.hearing import ear
from tests.system.trunks import conftest as trunks
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.counting import counted
from tests.system.trunks.handing import DESK, NUMBER, hang_up_with, nothing_counted

carrier = trunks.carrier
pytestmark = pytest.mark.usefixtures("oracle")

SDP: Headers = [("Content-Type", "application/sdp")]


def call_without_offer(caller: Softphone, user: str) -> Headers:
    """A proved INVITE with no body; its headers, by which its answer is known."""
    uri = f"sip:{user}@{caller.account.domain}"
    headers = caller.headers("INVITE", uri)
    challenged = caller.ask("INVITE", uri, headers)
    caller.send_ack(challenged, uri, headers)
    again = caller.answered(challenged, "INVITE", uri, headers)
    caller.send(sip.compose(f"INVITE {uri} SIP/2.0", again))
    return again


def answer_of(caller: Softphone, headers: Headers) -> Message:
    return caller.final(sip.parse(sip.compose("X x SIP/2.0", headers)).branch, 10)


def is_relayed(message: Message) -> bool:
    return sip.media_address(message.body)[0] == PBX_ADDRESS


def asked_again(one: Softphone, other: Softphone, dialog: Dialog) -> None:
    """A new INVITE without an offer, as many servers refresh a session with."""
    raw = one.in_dialog(dialog, "INVITE")
    one.send(raw)
    asked = other.request("INVITE", 10)
    assert asked.body == b""
    other.respond(asked, 200, "OK", body=sip.sdp(other.address, 40_004))
    assert is_relayed(one.final(sip.parse(raw).branch, 10))
    one.send(one.in_dialog(dialog, "ACK", SDP, sip.sdp(one.address, 40_006)))
    assert is_relayed(other.request("ACK", 10))


def both_are_hung_up(pbx: Any, *phones: Softphone) -> None:
    for one in phones:
        one.respond(one.request("BYE", 10), 200, "OK")
    within(8, lambda: not counted(pbx), "nothing is counted any more")


def test_the_answer_offers_and_the_ack_answers(pbx: Any, phone: Any) -> None:
    """Neither party learns where the other one's phone is."""
    caller, callee = phone("590"), phone("591")
    headers = call_without_offer(caller, "591")
    invite = callee.request("INVITE")
    assert invite.body == b""
    callee.answer_call(invite)
    answer = answer_of(caller, headers)
    assert is_relayed(answer)
    dialog = dialog_of_caller(answer)
    caller.send(caller.in_dialog(dialog, "ACK", SDP, sip.sdp(caller.address, 40_010)))
    assert is_relayed(callee.request("ACK"))
    assert end_call(caller, callee, dialog).status == 200
    within(8, lambda: not counted(pbx), "nothing is counted any more")


def test_either_side_asks_again_without_an_offer(phone: Any) -> None:
    """After that an ACK is an ACK again, and an offer is one of the INVITE's."""
    caller, callee = phone("590"), phone("591")
    ours, theirs = establish(caller, callee)
    asked_again(caller, callee, ours)
    asked_again(callee, caller, theirs)
    raw = caller.in_dialog(ours, "INVITE", SDP, sip.sdp(caller.address, 40_000))
    caller.send(raw)
    asked = callee.request("INVITE")
    assert is_relayed(asked)
    callee.respond(asked, 200, "OK", body=sip.sdp(callee.address, 40_000))
    assert is_relayed(caller.final(sip.parse(raw).branch))
    caller.send(caller.in_dialog(ours, "ACK", SDP, sip.sdp(caller.address, 40_000)))
    assert callee.request("ACK").body == b"", "nobody asked for an answer"
    assert end_call(caller, callee, ours).status == 200


def test_a_call_without_media_stands(pbx: Any, phone: Any) -> None:
    """Nobody offers, so the ACK has nothing to answer: a description in it is left out."""
    caller, callee = phone("590"), phone("591")
    headers = call_without_offer(caller, "591")
    callee.respond(callee.request("INVITE"), 200, "OK", sip.new_token())
    dialog = dialog_of_caller(answer_of(caller, headers))
    caller.send(caller.in_dialog(dialog, "ACK", SDP, sip.sdp(caller.address, 40_010)))
    assert callee.request("ACK").body == b""
    assert end_call(caller, callee, dialog).status == 200
    within(8, lambda: not counted(pbx), "nothing is counted any more")


def test_a_mailbox_offers_where_the_caller_does_not(pbx: Any, phone: Any) -> None:
    """It is heard where the ACK says, and where that of a later INVITE without an offer says."""
    pbx.account("588")
    pbx.rest.patch(f"users/{pbx.users['588']['id']}/voicemail", enabled=True)
    caller = phone("590")
    answer = answer_of(caller, call_without_offer(caller, "588"))
    dialog = dialog_of_caller(answer)
    assert is_relayed(answer)
    with ear(caller, 40_010) as one, ear(caller, 40_012) as other:
        caller.send(caller.in_dialog(dialog, "ACK", SDP, sip.sdp(caller.address, 40_010)))
        assert one.hears()
        raw = caller.in_dialog(dialog, "INVITE")
        caller.send(raw)
        assert is_relayed(caller.final(sip.parse(raw).branch, 10))
        caller.send(caller.in_dialog(dialog, "ACK", SDP, sip.sdp(caller.address, 40_012)))
        assert other.hears()
    bye = caller.in_dialog(dialog, "BYE")
    caller.send(bye)
    assert caller.final(sip.parse(bye).branch).status == 200
    within(8, lambda: not counted(pbx), "nothing is counted any more")


def test_an_offer_that_is_not_answered_ends_the_call(pbx: Any, phone: Any) -> None:
    caller, callee = phone("590"), phone("591")
    headers = call_without_offer(caller, "591")
    callee.answer_call(callee.request("INVITE"))
    dialog = dialog_of_caller(answer_of(caller, headers))
    caller.send(caller.in_dialog(dialog, "ACK"))
    callee.request("ACK")
    both_are_hung_up(pbx, caller, callee)


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_what_is_required_is_not_lost_by_calling_without_an_offer(pbx: Any, phone: Any, require: Any, who: str) -> None:
    """The one is offered SRTP alone and may not answer plainly; the other one's plain offer is not passed on."""
    require("592" if who == "caller" else "593", "required")
    caller, callee = phone("592"), phone("593")
    headers = call_without_offer(caller, "593")
    callee.answer_call(callee.request("INVITE"))
    answer = answer_of(caller, headers)
    dialog = dialog_of_caller(answer)
    if who == "caller":
        assert b"RTP/SAVP" in answer.body
        caller.send(caller.in_dialog(dialog, "ACK", SDP, sip.sdp(caller.address, 40_010)))
    else:
        assert answer.body == b""
        caller.send(caller.in_dialog(dialog, "ACK"))
    assert callee.request("ACK").body == b""
    both_are_hung_up(pbx, caller, callee)


def test_a_provider_calls_and_refreshes_without_an_offer(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """Many gateways do nothing else."""
    desk, uri = phone(DESK), f"sip:{NUMBER}@{PBX_ADDRESS}"
    raw = sip.compose(f"INVITE {uri} SIP/2.0", carrier.headers("INVITE", uri))
    carrier.send(raw)
    theirs = desk.answer_call(desk.request("INVITE", 10))
    answer = carrier.final(sip.parse(raw).branch, 10)
    assert is_relayed(answer)
    dialog = dialog_of_caller(answer)
    carrier.send(carrier.in_dialog(dialog, "ACK", SDP, sip.sdp(carrier.address, 40_010)))
    assert is_relayed(desk.request("ACK"))
    asked_again(carrier, desk, dialog)
    hang_up_with(carrier, dialog, desk, theirs)
    nothing_counted(pbx)
