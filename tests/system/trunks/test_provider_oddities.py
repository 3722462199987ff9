"""Answers of providers that are not the plain ones: redirections, challenges, forks, early media, nothing at all.

Reference: "Call Control and Fraud Prevention"; RFC 3261 sections 8.1.3.4, 13.2.2.4 and 16.7; attack case 36.
"""

from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.sip import Headers
from ringfence.lab.softphone import Softphone, dialog_of_callee, dialog_of_caller
from tests.system.features.steps import branch_of, record
from tests.system.trunks import test_joined
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import DESK, hang_up_with, nothing_counted

over_carrier = test_joined.over_carrier
pytestmark = [pytest.mark.usefixtures("oracle")]

NUMBER: Final = "+498912345678"
SDP: Headers = [("Content-Type", "application/sdp")]


@pytest.fixture
def desk(phone: Any, over_carrier: None) -> Softphone:
    made: Softphone = phone(DESK)
    return made


@pytest.mark.parametrize(
    ("code", "extra", "told"),
    [
        (302, [("Contact", "<sip:0900123456@carrier.example>")], 480),
        (407, [("Proxy-Authenticate", 'Digest realm="x", nonce="y"')], 403),
        (486, [], 486),
        (603, [], 603),
    ],
)
def test_what_a_provider_refuses_with(
    pbx: Any, carrier: Carrier, desk: Softphone, code: int, extra: Headers, told: int
) -> None:
    """It sends nobody elsewhere and asks no phone for a password; the record says what it said."""
    uri, headers = desk.begin_call(NUMBER)
    invite = carrier.request("INVITE", 10)
    contact = dict(extra).get("Contact", "")
    carrier.respond(invite, code, "No", "refused", [one for one in extra if one[0] != "Contact"], contact=contact)
    carrier.request("ACK")
    answer = desk.final(branch_of(headers), 10)
    desk.send_ack(answer, uri, headers)
    assert answer.status == told
    assert not answer.header("proxy-authenticate")
    assert [one.method for one in carrier.requests_within(0.3)] == []
    nothing_counted(pbx)
    record(pbx, DESK, NUMBER, code=told)


def test_a_provider_that_forks(pbx: Any, carrier: Carrier, desk: Softphone) -> None:
    """Early media of one, the answer of another: that one has the call, and both ends hang up as ever."""
    _, headers = desk.begin_call(NUMBER)
    invite = carrier.request("INVITE", 10)
    carrier.respond(invite, 183, "Session Progress", "one", body=sip.sdp(carrier.address, 40_000))
    early = desk._pick(lambda one: one.is_response and one.status == 183, 10, "no 183")
    assert sip.media_address(early.body)[0] == PBX_ADDRESS
    carrier.respond(invite, 200, "OK", "two", body=sip.sdp(carrier.address, 40_002))
    theirs = dialog_of_callee(invite, "two")
    answer = desk.final(branch_of(headers), 10)
    assert sip.media_address(answer.body)[0] == PBX_ADDRESS
    ours = dialog_of_caller(answer)
    desk.send(desk.in_dialog(ours, "ACK"))
    carrier.request("ACK")
    hang_up_with(carrier, theirs, desk, ours)
    nothing_counted(pbx)
    record(pbx, DESK, NUMBER, code=200, ended_by="callee")


def test_a_provider_whose_two_gateways_answer(pbx: Any, carrier: Carrier, desk: Softphone) -> None:
    """The second answer is acknowledged and hung up by the caller, through us and with nothing of ours in it."""
    desk.begin_call(NUMBER)
    invite = carrier.request("INVITE", 10)
    for tag in ("one", "two"):
        carrier.respond(invite, 200, "OK", tag, body=sip.sdp(carrier.address, 40_000))
    answers = {}
    while len(answers) < 2:
        answer = desk._pick(lambda one: one.is_response and one.status == 200, 10, "no 200")
        answers[answer.tag("to")] = answer
    for tag in ("one", "two"):
        ours = dialog_of_caller(answers[tag])
        desk.send(desk.in_dialog(ours, "ACK"))
        assert carrier.request("ACK").tag("to") == tag
    for tag in ("two", "one"):
        raw = desk.in_dialog(dialog_of_caller(answers[tag]), "BYE")
        desk.send(raw)
        bye = carrier.request("BYE", 10)
        assert bye.tag("to") == tag
        assert desk.address not in bye.raw.decode()
        carrier.respond(bye, 200, "OK")
        assert desk.final(sip.parse(raw).branch).status == 200
    nothing_counted(pbx)


def test_a_provider_that_says_nothing(pbx: Any, carrier: Carrier, desk: Softphone) -> None:
    """After five seconds of silence the call is over, not only when the caller's patience is; the line is free."""
    uri, headers = desk.begin_call(NUMBER)
    carrier.request("INVITE", 10)
    answer = desk.final(branch_of(headers), 20)
    desk.send_ack(answer, uri, headers)
    assert answer.status in (408, 480, 503)
    carrier.requests_within(0.3)
    nothing_counted(pbx)


def test_a_caller_who_gives_up_before_the_provider_says_anything(pbx: Any, carrier: Carrier, desk: Softphone) -> None:
    """RFC 3261 section 9.1: CANCEL waits for a provisional answer, and the late answer is hung up."""
    uri, headers = desk.begin_call(NUMBER)
    invite = carrier.request("INVITE", 10)
    kept = [item for item in headers if item[0] in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
    number = dict(headers)["CSeq"].replace("INVITE", "CANCEL")
    desk.send(sip.compose(f"CANCEL {uri} SIP/2.0", [*kept, ("CSeq", number)]))
    carrier.respond(invite, 180, "Ringing", "t")
    carrier.respond(carrier.request("CANCEL", 10), 200, "OK", "t")
    carrier.respond(invite, 487, "Request Terminated", "t")
    carrier.request("ACK", 10)
    answer = desk._pick(lambda one: one.is_response and one.method == "INVITE" and one.status >= 200, 10, "no final")
    assert answer.status == 487
    desk.send_ack(answer, uri, headers)
    nothing_counted(pbx)
