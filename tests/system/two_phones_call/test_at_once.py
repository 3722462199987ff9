"""What happens at the same time: two devices answer, both sides ask, the caller gives up while somebody answers.

RFC 3261 sections 9.1, 13.2.2.4 and 14.1, RFC 3262, RFC 3311, RFC 3960.
"""

import time
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.sip import Headers, Message
from ringfence.lab.softphone import Dialog, Softphone, Transport, dialog_of_caller, end_call, establish
from tests.system.features.steps import branch_of, record, refuse
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

SDP: Headers = [("Content-Type", "application/sdp")]


def heard(phone: Softphone, status: int, other_than: str = "") -> Message:
    """The next answer to an INVITE with this code, of another device than that with this tag."""
    return phone._pick(
        lambda one: (one.method, one.status) == ("INVITE", status) and one.tag("to") != other_than, 10, f"no {status}"
    )


def hung_up(caller: Softphone, device: Softphone, dialog: Dialog) -> None:
    raw = caller.in_dialog(dialog, "BYE")
    caller.send(raw)
    device.respond(device.request("BYE"), 200, "OK")
    assert caller.final(sip.parse(raw).branch).status == 200


def is_relayed(message: Message) -> bool:
    return sip.media_address(message.body)[0] == PBX_ADDRESS


def nothing_counted(pbx: Any) -> None:
    within(8, lambda: not counted(pbx), "nothing is counted any more")


def test_two_devices_answer_at_once(pbx: Any, phone: Any, attacker: Softphone) -> None:
    """The first has the call; the caller can acknowledge and hang up the other one, and nobody else can."""
    caller, desk, soft = phone("594"), phone("595"), phone("595", Transport.TCP)
    _, headers = caller.begin_call("595")
    devices = {"desk": (desk, desk.request("INVITE")), "soft": (soft, soft.request("INVITE"))}
    for tag, (device, invite) in devices.items():
        device.respond(invite, 200, "OK", tag, body=sip.sdp(device.address, 40_000))
    first = caller.final(branch_of(headers))
    second = heard(caller, 200, first.tag("to"))
    assert second.body == b"", "its session description is not seen: the relay carries the first one's"
    (has_it, _), (has_not, _) = devices[first.tag("to")], devices[second.tag("to")]
    talking, left = dialog_of_caller(first), dialog_of_caller(second)
    caller.send(caller.in_dialog(talking, "ACK"))
    assert has_it.request("ACK").tag("to") == first.tag("to")
    forged = attacker.in_dialog(left, "BYE")
    attacker.send(forged)
    assert attacker.final(sip.parse(forged).branch).status == 481
    caller.send(caller.in_dialog(left, "ACK"))
    has_not.request("ACK")
    hung_up(caller, has_not, left)
    hung_up(caller, has_it, talking)
    nothing_counted(pbx)


def test_a_device_that_begins_to_ring_as_another_answers_is_told_to_stop(pbx: Any, phone: Any) -> None:
    """Its first answer is taken up while the call is answered (RFC 3261 sections 9.1 and 16.7). Several times: it is a
    matter of some hundred microseconds whether the CANCELs are on their way already.
    """
    caller, desk, soft = phone("594"), phone("595"), phone("595")
    for _ in range(5):
        begun = caller.begin_call("595")
        invite, late = desk.request("INVITE"), soft.request("INVITE")
        desk.respond(invite, 200, "OK", "desk", body=sip.sdp(desk.address, 40_000))
        soft.respond(late, 180, "Ringing", "soft")
        dialog = caller.call_answered(*begun)
        soft.respond(soft.request("CANCEL", 2), 200, "OK", "soft")
        soft.respond(late, 487, "Request Terminated", "soft")
        soft.request("ACK")
        desk.request("ACK")
        hung_up(caller, desk, dialog)
    nothing_counted(pbx)


def gives_up(caller: Softphone, uri: str, headers: Headers) -> None:
    kept = [item for item in headers if item[0] in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
    number = dict(headers)["CSeq"].replace("INVITE", "CANCEL")
    caller.send(sip.compose(f"CANCEL {uri} SIP/2.0", [*kept, ("CSeq", number)]))


def test_the_caller_gives_up_while_nobody_says_anything(pbx: Any, phone: Any) -> None:
    """A phone that is gone answers no CANCEL either: the record says who ended the call, as the caller heard it."""
    caller, gone = phone("596"), phone("597")
    uri, headers = caller.begin_call("597")
    gone.request("INVITE")
    gives_up(caller, uri, headers)
    assert caller.final(branch_of(headers)).status == 200, "the CANCEL is answered"
    caller.send_ack(caller.final(branch_of(headers), 10), uri, headers)
    row = record(pbx, "596", "597", code=487)
    assert (row["reason"], row["ended_by"]) == ("Request Terminated", "caller")
    nothing_counted(pbx)


def test_a_refused_offer_within_a_call_is_no_reason_for_its_end(pbx: Any, phone: Any) -> None:
    caller, callee = phone("598"), phone("599")
    dialog, _ = establish(caller, callee)
    raw = caller.in_dialog(dialog, "INVITE", *caller.offer())
    caller.send(raw)
    refuse(callee, callee.request("INVITE"), 407, "No")
    assert caller.final(sip.parse(raw).branch).status == 403
    assert end_call(caller, callee, dialog).status == 200
    assert record(pbx, "598", "599", code=200)["reason"] == "Normal"


def test_the_caller_gives_up_while_somebody_answers(pbx: Any, phone: Any) -> None:
    """The answer counts: the caller acknowledges it and hangs up."""
    caller, callee = phone("594"), phone("595")
    uri, headers = caller.begin_call("595")
    callee.answer_call(callee.request("INVITE"))
    gives_up(caller, uri, headers)
    dialog = dialog_of_caller(heard(caller, 200))
    caller.send(caller.in_dialog(dialog, "ACK"))
    callee.request("ACK")
    assert end_call(caller, callee, dialog).status == 200
    nothing_counted(pbx)


def test_both_sides_ask_at_once(phone: Any) -> None:
    """491 reaches both, and whoever asks again is heard (RFC 3261 section 14.1)."""
    caller, callee = phone("594"), phone("595")
    ours, theirs = establish(caller, callee)
    asked = {}
    for one, dialog in ((caller, ours), (callee, theirs)):
        asked[one] = one.in_dialog(dialog, "INVITE", SDP, sip.sdp(one.address, 40_000))
        one.send(asked[one])
    for one in (caller, callee):
        one.respond(one.request("INVITE"), 491, "Request Pending")
    for one, raw in asked.items():
        answer, invite = one.final(sip.parse(raw).branch), sip.parse(raw)
        assert answer.status == 491
        one.send_ack(answer, invite.uri, [(name.title().replace("Cseq", "CSeq").replace("Call-Id", "Call-ID"), value)
                                          for name, value in invite.headers])  # fmt: skip
    time.sleep(0.2)
    again = caller.in_dialog(ours, "INVITE", SDP, sip.sdp(caller.address, 40_000))
    caller.send(again)
    asked_again = callee.request("INVITE")
    callee.respond(asked_again, 200, "OK", body=sip.sdp(callee.address, 40_000))
    assert caller.final(sip.parse(again).branch).status == 200
    caller.send(caller.in_dialog(ours, "ACK"))
    callee.request("ACK")
    assert end_call(caller, callee, ours).status == 200


def test_early_media_is_acknowledged_and_moved_before_the_answer(phone: Any) -> None:
    """A reliable 183 with PRACK (RFC 3262), then UPDATE (RFC 3311): each goes through the relay."""
    caller, callee = phone("594"), phone("595")
    _, headers = caller.begin_call("595", [("Supported", "100rel")])
    invite = callee.request("INVITE")
    reliable = [("Require", "100rel"), ("RSeq", "7")]
    callee.respond(invite, 183, "Session Progress", "t", reliable, sip.sdp(callee.address, 40_000))
    early = heard(caller, 183)
    assert is_relayed(early)
    dialog = dialog_of_caller(early)
    for method, extra, body in (
        ("PRACK", [("RAck", f"7 {dict(headers)['CSeq']}")], b""),
        ("UPDATE", SDP, sip.sdp(caller.address, 40_020)),
    ):
        raw = caller.in_dialog(dialog, method, extra, body)
        caller.send(raw)
        asked = callee.request(method)
        assert not body or is_relayed(asked)
        callee.respond(asked, 200, "OK", body=body and sip.sdp(callee.address, 40_000))
        assert caller.final(sip.parse(raw).branch).status == 200
    callee.respond(invite, 200, "OK", "t")
    caller.final(branch_of(headers))
    caller.send(caller.in_dialog(dialog, "ACK"))
    callee.request("ACK")
    assert end_call(caller, callee, dialog).status == 200


def test_early_media_of_two_devices(pbx: Any, phone: Any) -> None:
    """Each has a port of its own; the one that answers keeps its own, and the other one is cancelled."""
    caller, desk, soft = phone("594"), phone("595"), phone("595", Transport.TCP)
    _, headers = caller.begin_call("595")
    at_desk, at_soft = desk.request("INVITE"), soft.request("INVITE")
    desk.respond(at_desk, 183, "Session Progress", "desk", body=sip.sdp(desk.address, 40_000))
    soft.respond(at_soft, 183, "Session Progress", "soft", body=sip.sdp(soft.address, 40_002))
    assert all(is_relayed(heard(caller, 183)) for _ in range(2))
    soft.respond(at_soft, 200, "OK", "soft", body=sip.sdp(soft.address, 40_002))
    answer = caller.final(branch_of(headers))
    assert (answer.tag("to"), is_relayed(answer)) == ("soft", True)
    dialog = dialog_of_caller(answer)
    caller.send(caller.in_dialog(dialog, "ACK"))
    soft.request("ACK")
    desk.respond(desk.request("CANCEL"), 200, "OK", "desk")
    desk.respond(at_desk, 487, "Request Terminated", "desk")
    assert end_call(caller, soft, dialog).status == 200
    nothing_counted(pbx)
