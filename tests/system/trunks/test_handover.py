"""Somebody outside is handed on by the extension that talks with them (reference: "Call Control and Fraud Prevention").

Attack cases 37 and 112; RFC 5589. The provider hears of nothing but a new session description.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, establish
from tests.system.features.steps import record
from tests.system.hearing import Ear, ear
from tests.system.trunks.carrier import CALLER, Carrier
from tests.system.trunks.counting import counted
from tests.system.trunks.handing import (
    COLLEAGUE,
    DESK,
    NUMBER,
    forgotten,
    handed,
    hang_up,
    hang_up_with,
    is_hung_up,
    nothing_counted,
    refer,
    told,
)

pytestmark = pytest.mark.usefixtures("oracle")

ABROAD = "+498912345678"


@pytest.fixture
def desk_may_call(pbx: Any, carrier: Carrier) -> Iterator[None]:
    path = f"users/{pbx.users[DESK]['id']}"
    pbx.rest.patch(path, role="Standard International User")
    yield
    pbx.rest.patch(path, role="Standard User")


def test_a_caller_from_outside_is_handed_to_a_colleague(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """RFC 3725 and RFC 5589: 202, NOTIFY, a new session description to the carrier alone, BYE to the desk alone."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, COLLEAGUE).status == 202
    invite = colleague.request("INVITE", 10)
    assert CALLER in invite.header("from")
    theirs = colleague.answer_call(invite)
    colleague.request("ACK", 10)
    offered = carrier.take_renewal()
    assert sip.media_address(offered.body)[0] == PBX_ADDRESS
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, call.phone)
    tenant, line = f"tenant:{pbx.tenant['id']}", "trunk:"
    held = {key: count for key, count in counted(pbx).items() if not key.startswith(line)}
    colleagues = f"extension:{COLLEAGUE}@acme.example"
    assert held == {tenant: 1, colleagues: 1, "relay": 2}, "the desk is free, the line is held"
    hang_up_with(carrier, call.carrier, colleague, theirs)
    row = record(pbx, CALLER, COLLEAGUE, code=200)
    assert row["payer"] == f"{DESK}@acme.example"
    within(5, lambda: not counted(pbx), "nothing is counted any more")


def test_a_colleague_who_is_busy_leaves_the_call_as_it_was(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """The transferrer keeps the call, may try again, and takes the party's BYE though it has heard higher numbers."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    for _ in range(2):
        assert refer(desk, call.phone, COLLEAGUE).status == 202
        invite = colleague.request("INVITE", 10)
        colleague.respond(invite, 486, "Busy Here", "busy")
        colleague.request("ACK", 10)
        heard = told(desk, last=True)
        assert heard[-1] == "SIP/2.0 486 Busy Here"
    assert carrier.requests_within(0.2) == []
    raw = carrier.in_dialog(call.carrier, "BYE")
    carrier.send(raw)
    bye = is_hung_up(desk, call.phone)
    answer = carrier.final(sip.parse(raw).branch, 10)
    assert answer.status == 200
    assert answer.header("cseq") == sip.parse(raw).header("cseq")
    assert int(bye.header("cseq").split()[0]) > 3
    nothing_counted(pbx)


def test_the_desk_may_hang_up_while_it_rings(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """The party waits on, and is connected; nobody tells the carrier of the desk's end."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, COLLEAGUE).status == 202
    invite = colleague.request("INVITE", 10)
    colleague.respond(invite, 180, "Ringing", "r")
    hang_up(desk, call.phone)
    theirs = colleague.answer_call(invite)
    colleague.request("ACK", 10)
    carrier.take_renewal()
    hang_up_with(colleague, theirs, carrier, call.carrier)
    assert [one.method for one in desk.requests_within(0.2) if one.method != "NOTIFY"] == []
    nothing_counted(pbx)


def test_a_party_that_nobody_takes_and_whose_phone_left_is_hung_up(pbx: Any, carrier: Carrier, phone: Any) -> None:
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, COLLEAGUE).status == 202
    invite = colleague.request("INVITE", 10)
    hang_up(desk, call.phone)
    colleague.respond(invite, 486, "Busy Here", "busy")
    colleague.request("ACK", 10)
    is_hung_up(carrier, call.carrier)
    nothing_counted(pbx)


@pytest.mark.parametrize("has_left", [False, True])
def test_a_party_that_gives_up_stops_the_ringing(pbx: Any, carrier: Carrier, phone: Any, has_left: bool) -> None:
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, COLLEAGUE).status == 202
    invite = colleague.request("INVITE", 10)
    colleague.respond(invite, 180, "Ringing", "r")
    told(desk)
    if has_left:
        hang_up(desk, call.phone)
    raw = carrier.in_dialog(call.carrier, "BYE")
    carrier.send(raw)
    if not has_left:
        is_hung_up(desk, call.phone)
    assert carrier.final(sip.parse(raw).branch, 10).status == 200
    colleague.respond(colleague.request("CANCEL", 10), 200, "OK", "r")
    colleague.respond(invite, 487, "Request Terminated", "r")
    colleague.request("ACK", 10)
    nothing_counted(pbx)


def test_who_was_handed_a_party_may_hold_it_and_hand_it_on(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """Back to the desk, which holds nothing of its first call any more; a chain ends with its party."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    with_party, theirs = handed(carrier, desk, colleague)
    hold = sip.sdp(colleague.address, 40_000) + b"a=sendonly\r\n"
    raw = colleague.in_dialog(theirs, "INVITE", [("Content-Type", "application/sdp")], hold)
    colleague.send(raw)
    answer = colleague.final(sip.parse(raw).branch, 10)
    assert answer.status == 200
    assert b"a=recvonly" in answer.body
    colleague.send(colleague.in_dialog(theirs, "ACK"))
    assert carrier.requests_within(0.2) == []
    assert refer(colleague, theirs, DESK).status == 202
    last = desk.answer_call(desk.request("INVITE", 10))
    desk.request("ACK", 10)
    assert told(colleague, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(colleague, theirs)
    assert counted(pbx)[f"tenant:{pbx.tenant['id']}"] == 1, "a chain is one call of the tenant"
    hang_up_with(carrier, with_party, desk, last)
    nothing_counted(pbx)


def test_a_gateway_refreshes_without_an_offer_after_it_was_handed_on(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """RFC 3261 section 14.2: the ACK says where it is heard now, and both go on hearing each other."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    assert refer(desk, call.phone, COLLEAGUE).status == 202
    invite = colleague.request("INVITE", 10)
    theirs = colleague.answer_call(invite)
    colleague.request("ACK", 10)
    carrier.take_renewal()
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, call.phone)
    raw = carrier.in_dialog(call.carrier, "INVITE")
    carrier.send(raw)
    answer = carrier.final(sip.parse(raw).branch, 10)
    assert answer.status == 200
    description = [("Content-Type", "application/sdp")]
    carrier.send(carrier.in_dialog(call.carrier, "ACK", description, sip.sdp(carrier.address, 40_020)))
    with ear(carrier, 40_020) as one, ear(colleague) as other:
        ends = ((one, sip.media_address(answer.body)), (other, sip.media_address(invite.body)))
        assert {address for _, (address, _) in ends} == {PBX_ADDRESS}
        within(10, lambda: all(mine.speaks(to) for mine, to in ends) and both_hear(one, other), "both hear")
    hang_up_with(carrier, call.carrier, colleague, theirs)
    nothing_counted(pbx)


def both_hear(one: Ear, other: Ear) -> bool:
    return one.listen(0.1) > 0 and other.listen(0.1) > 0


def test_only_a_party_with_the_right_hands_on(pbx: Any, carrier: Carrier, phone: Any, attacker: Softphone) -> None:
    """Cases 37 and 112: premium, abroad, unallocated, codes, strangers' domains, a forged take-over, a third party."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    targets = {"0900123456": 403, "+34911234567": 403, "+89912345678": 403, "*97": 403, "*71": 403, "*72": 403}
    assert {one: refer(desk, call.phone, one).status for one in targets} == targets
    elsewhere = desk.ask_in_dialog(call.phone, "REFER", [("Refer-To", "<sip:185@evil.example>")], timeout=10)
    assert elsewhere.status == 403
    for thief, expected in ((attacker, {403}), (colleague, {403})):
        forged = desk.in_dialog(call.phone, "REFER", [("Refer-To", "<sip:185@acme.example>")], source=thief)
        thief.send(forged)
        assert thief.final(sip.parse(forged).branch).status in expected
        proof = [("X-Ringfence-Handover", ""), ("Content-Type", "application/sdp")]
        forged = desk.in_dialog(call.phone, "INVITE", proof, sip.sdp(thief.address, 40_000), source=thief)
        thief.send(forged)
        assert thief.final(sip.parse(forged).branch).status in expected
    assert carrier.ask_in_dialog(call.carrier, "REFER", [("Refer-To", "<sip:185@acme.example>")]).status == 403
    assert carrier.requests_within(0.2) == []
    assert colleague.requests_within(0.2) == []
    hang_up_with(desk, call.phone, carrier, call.carrier)
    nothing_counted(pbx)


def test_a_party_is_handed_to_a_number_outside_at_the_transferrers_cost(
    pbx: Any, carrier: Carrier, provider: Any, outward: Any, phone: Any, desk_may_call: None
) -> None:
    """In by one trunk and out by another: both lines are held, and the desk counts as payer until the end."""
    desk = phone(DESK)
    call = carrier.call_in(NUMBER, desk)
    provider.forget()
    assert refer(desk, call.phone, ABROAD).status == 202
    carrier.take_renewal()
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, call.phone)
    (one,) = provider.calls()
    assert one.number == ABROAD
    held = counted(pbx)
    assert held[f"extension:{DESK}@acme.example"] == 1
    assert held[f"tenant:{pbx.tenant['id']}"] == 1
    assert sum(count for key, count in held.items() if key.startswith("trunk:") and ":tenant:" not in key) == 2
    hang_up(carrier, call.carrier)
    within(8, lambda: provider.requests("BYE"), "the provider hears of the end")
    row = record(pbx, CALLER, ABROAD, direction="outbound")
    assert (row["code"], row["payer"], row["number"]) == (200, f"{DESK}@acme.example", ABROAD)
    nothing_counted(pbx)


def test_a_party_is_handed_over_after_asking_the_colleague(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """RFC 5589 section 7: the colleague's phone replaces its call with the desk; nobody else's call can be named."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    asked, theirs = establish(desk, colleague)
    tags = f"to-tag%3D{sip.tag_of(theirs.local)}%3Bfrom-tag%3D{sip.tag_of(theirs.remote)}"
    replaces = f"?Replaces={theirs.call_id.replace('@', '%40')}%3B{tags}"
    wrong = f"<sip:{COLLEAGUE}@acme.example?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>"
    assert desk.ask_in_dialog(call.phone, "REFER", [("Refer-To", wrong)], timeout=10).status == 403
    right = f"<sip:{COLLEAGUE}@acme.example{replaces}>"
    assert desk.ask_in_dialog(call.phone, "REFER", [("Refer-To", right)], timeout=10).status == 202
    invite = colleague.request("INVITE", 10)
    assert theirs.call_id in invite.header("replaces")
    last = colleague.answer_call(invite)
    colleague.request("ACK", 10)
    hang_up_with(colleague, theirs, desk, asked)
    carrier.take_renewal()
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, call.phone)
    hang_up_with(colleague, last, carrier, call.carrier)
    nothing_counted(pbx)


def test_a_party_is_not_handed_round_for_ever(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """A transfer to oneself is one more call of oneself; after five of them there is no further one."""
    desk, free = phone(DESK), pbx.product.shared_memory_free()
    call = carrier.call_in(NUMBER, desk)
    dialog = call.phone
    for number in range(5):
        assert refer(desk, dialog, DESK).status == 202
        again = desk.answer_call(desk.request("INVITE", 10))
        desk.request("ACK", 10)
        if not number:
            carrier.take_renewal()
        assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
        is_hung_up(desk, dialog)
        dialog = again
    assert counted(pbx)[f"extension:{DESK}@acme.example"] == 1
    assert refer(desk, dialog, DESK).status == 482
    hang_up_with(carrier, call.carrier, desk, dialog)
    nothing_counted(pbx)
    forgotten(pbx, free)


def test_a_party_whose_call_the_system_ends_takes_the_colleague_along(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """A budget or an administrator ends either call: both sides get a BYE."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    for caller in (CALLER, DESK):
        with_party, theirs = handed(carrier, desk, colleague)
        rows = within(5, lambda: len(pbx.product.answered_calls()) == 2 and pbx.product.answered_calls(), "two calls")[
            0
        ]
        callee = DESK if caller == CALLER else COLLEAGUE
        pbx.rest.delete(f"calls/{next(row['id'] for row in rows if row['callee'].startswith(callee))}")
        is_hung_up(carrier, with_party)
        is_hung_up(colleague, theirs)
        nothing_counted(pbx)


def test_twenty_at_once(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """Each party finds its colleague, and nothing is left afterwards."""
    desk, colleague, count = phone(DESK), phone(COLLEAGUE), 20
    free = pbx.product.shared_memory_free()
    calls = [carrier.call_in(NUMBER, desk) for _ in range(count)]
    asked = [desk.in_dialog(call.phone, "REFER", [("Refer-To", "<sip:185@acme.example>")]) for call in calls]
    for raw in asked:
        desk.send(raw)
    for raw in asked:
        assert desk.final(sip.parse(raw).branch, 20).status == 202
    for _ in range(count):
        colleague.answer_call(colleague.request("INVITE", 20))
    for _ in range(count):
        offered = carrier.request("INVITE", 20)
        carrier.respond(offered, 200, "OK", body=sip.sdp(carrier.address, 40_002))
    is_done = 0
    while is_done < count:
        notify = desk.request("NOTIFY", 20)
        desk.respond(notify, 200, "OK")
        is_done += notify.body.startswith(b"SIP/2.0 200")
    for _ in range(count):
        desk.respond(desk.request("BYE", 20), 200, "OK")
    for call in calls:
        carrier.send(carrier.in_dialog(call.carrier, "BYE"))
    for _ in range(count):
        colleague.respond(colleague.request("BYE", 20), 200, "OK")
    nothing_counted(pbx)
    forgotten(pbx, free)
