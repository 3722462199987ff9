"""An attended transfer whose consulted party is outside: two calls of a phone become one (RFC 5589 section 7, ADR 59).

Reference: "Call Control and Fraud Prevention"; attack cases 37 and 112. No provider sees a REFER, and no call is made.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip, tone
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.product import within
from ringfence.lab.sip import Message
from ringfence.lab.softphone import Dialog, Softphone, end_call, establish
from ringfence.lab.switch import Switch
from tests.system.features.steps import branch_of, record
from tests.system.trunks.carrier import CALLER, Carrier
from tests.system.trunks.counting import counted
from tests.system.trunks.handing import (
    COLLEAGUE,
    DESK,
    NUMBER,
    forgotten,
    hang_up_with,
    is_hung_up,
    nothing_counted,
    refer,
    told,
)

pytestmark = pytest.mark.usefixtures("oracle")

ASKED: str = "+498912345678"


@pytest.fixture
def over_carrier(pbx: Any, carrier: Carrier, outward: Any) -> Iterator[None]:
    """The desk may call outside, and what leaves goes to the carrier."""
    (rule,) = pbx.rest.get("outbound-rules")["items"]
    trunk = next(one for one in pbx.rest.get("trunks")["items"] if one["name"] == "Carrier")
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=[{"trunk_id": trunk["id"]}])
    path = f"users/{pbx.users[DESK]['id']}"
    pbx.rest.patch(path, role="Standard International User")
    yield
    pbx.rest.patch(path, role="Standard User")
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=rule["routes"])


def asks(desk: Softphone, carrier: Carrier) -> tuple[Dialog, Dialog]:
    """The desk calls somebody outside; the dialog as it sees it, and as the carrier does."""
    begun = desk.begin_call(ASKED)
    theirs = carrier.answer_call(carrier.request("INVITE", 10))
    ours = desk.call_answered(*begun, 10)
    carrier.request("ACK")
    return ours, theirs


def join(phone: Softphone, transfers: Dialog, asked: Dialog, number: str = ASKED) -> Message:
    """The answer of the system to a REFER in one call that names the other."""
    tags = f"to-tag%3D{sip.tag_of(asked.remote)}%3Bfrom-tag%3D{sip.tag_of(asked.local)}"
    target = f"<sip:{number}@acme.example?Replaces={asked.call_id.replace('@', '%40')}%3B{tags}>"
    return phone.ask_in_dialog(transfers, "REFER", [("Refer-To", target)], timeout=10)


def both_are_over(desk: Softphone, *dialogs: Dialog) -> None:
    """The desk's part in both calls ends, in whatever order."""
    waiting = {dialog.call_id for dialog in dialogs}
    while waiting:
        bye = desk.request("BYE", 10)
        desk.respond(bye, 200, "OK")
        waiting.discard(bye.header("call-id"))


def lines(pbx: Any) -> int:
    return sum(count for key, count in counted(pbx).items() if key.startswith("trunk:") and ":tenant:" not in key)


def test_a_caller_is_joined_to_whom_the_desk_asked_outside(
    pbx: Any, carrier: Carrier, phone: Any, over_carrier: None
) -> None:
    """Both lines are held, the tenant has one call, and the desk counts as payer of that which goes out."""
    desk = phone(DESK)
    call = carrier.call_in(NUMBER, desk)
    asked, theirs = asks(desk, carrier)
    assert join(desk, call.phone, asked).status == 202
    for _ in range(2):
        offered = carrier.take_renewal()
        assert sip.media_address(offered.body)[0] == PBX_ADDRESS
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    both_are_over(desk, call.phone, asked)
    held = counted(pbx)
    assert held[f"tenant:{pbx.tenant['id']}"] == 1
    assert held[f"extension:{DESK}@acme.example"] == held[f"pays:{DESK}@acme.example"] == 1, "it pays and is free"
    assert lines(pbx) == 2
    assert len(pbx.product.live_calls()) == 2
    hang_up_with(carrier, call.carrier, carrier, theirs)
    nothing_counted(pbx)
    row = record(pbx, DESK, ASKED, direction="outbound")
    assert (row["code"], row["payer"]) == (200, f"{DESK}@acme.example")


def test_two_callers_are_joined_and_the_desk_counts_no_more(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """Whoever both called holds nothing of it; what the system ends takes the other one along."""
    desk = phone(DESK)
    call = carrier.call_in(NUMBER, desk)
    other = carrier.call_in(NUMBER, desk)
    assert join(desk, call.phone, other.phone, CALLER).status == 202
    carrier.take_renewal()
    carrier.take_renewal()
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    both_are_over(desk, call.phone, other.phone)
    held = {key: count for key, count in counted(pbx).items() if not key.startswith("trunk:")}
    assert held == {f"tenant:{pbx.tenant['id']}": 1, "relay": 2}, "one call of the tenant, for the relay two"
    pbx.rest.delete(f"calls/{pbx.product.answered_calls()[0]['id']}")
    both_are_over(carrier, call.carrier, other.carrier)
    nothing_counted(pbx)


def test_a_colleague_is_joined_to_whom_the_desk_asked_outside(
    pbx: Any, carrier: Carrier, phone: Any, over_carrier: None
) -> None:
    """The colleague's phone gets a new session description and may hand its party on."""
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    inside, ours = establish(colleague, desk)
    asked, theirs = asks(desk, carrier)
    assert join(desk, ours, asked).status == 202
    carrier.take_renewal()
    offered = colleague.request("INVITE", 10)
    colleague.respond(offered, 200, "OK", body=sip.sdp(colleague.address, 40_000))
    colleague.request("ACK", 10)
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    both_are_over(desk, ours, asked)
    assert counted(pbx)[f"tenant:{pbx.tenant['id']}"] == 1
    hang_up_with(colleague, inside, carrier, theirs)
    nothing_counted(pbx)


@pytest.mark.parametrize("who", ["asked", "caller"])
def test_a_party_that_does_not_follow_changes_nothing_for_the_caller(
    pbx: Any, carrier: Carrier, phone: Any, who: str
) -> None:
    """Whom the desk asked is asked first; if the caller does not follow after that, the desk keeps the caller."""
    desk = phone(DESK)
    call, other = carrier.call_in(NUMBER, desk), carrier.call_in(NUMBER, desk)
    assert join(desk, call.phone, other.phone, CALLER).status == 202
    if who == "caller":
        carrier.take_renewal()
    refused = carrier.request("INVITE", 10)
    carrier.respond(refused, 488, "Not Acceptable Here")
    carrier.request("ACK", 10)
    if who == "caller":
        is_hung_up(carrier, other.carrier)
    assert told(desk, last=True)[-1].startswith("SIP/2.0 503")
    if who == "caller":
        is_hung_up(desk, other.phone)
    else:
        hang_up_with(desk, other.phone, carrier, other.carrier)
    hang_up_with(carrier, call.carrier, desk, call.phone)
    nothing_counted(pbx)


def test_a_party_that_was_handed_on_five_times_is_joined_to_nobody(pbx: Any, carrier: Carrier, phone: Any) -> None:
    """Neither as the one who is transferred nor as the one who was asked: the chain would grow for ever."""
    desk, free = phone(DESK), pbx.product.shared_memory_free()
    call, other = carrier.call_in(NUMBER, desk), carrier.call_in(NUMBER, desk)
    deep = call.phone
    for number in range(5):
        assert refer(desk, deep, DESK).status == 202
        again = desk.answer_call(desk.request("INVITE", 10))
        desk.request("ACK", 10)
        if not number:
            carrier.take_renewal()
        assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
        is_hung_up(desk, deep)
        deep = again
    assert join(desk, deep, other.phone, CALLER).status == 482
    assert join(desk, other.phone, deep, CALLER).status == 482
    hang_up_with(desk, other.phone, carrier, other.carrier)
    hang_up_with(carrier, call.carrier, desk, deep)
    nothing_counted(pbx)
    forgotten(pbx, free)


def test_who_does_not_wait_for_somebody_outside_hands_on_to_whom_rings(
    pbx: Any, carrier: Carrier, phone: Any, over_carrier: None
) -> None:
    """It was refused with 481, on which a phone hangs up on whom it wanted to hand on (RFC 3261 section 12.2.1.2)."""
    desk = phone(DESK)
    call = carrier.call_in(NUMBER, desk)
    asked = desk.begin_call(ASKED)
    rings = carrier.request("INVITE", 10)
    carrier.respond(rings, 180, "Ringing", "early")
    _, headers = asked
    tags = f"to-tag%3Dearly%3Bfrom-tag%3D{sip.tag_of(dict(headers)['From'])}"
    named = f"{dict(headers)['Call-ID'].replace('@', '%40')}%3B{tags}"
    target = f"<sip:{ASKED}@acme.example?Replaces={named}>"
    assert desk.ask_in_dialog(call.phone, "REFER", [("Refer-To", target)], timeout=10).status == 202
    second = carrier.request("INVITE", 10)
    assert second.all("replaces") == ()
    theirs = carrier.answer_call(second)
    carrier.request("ACK", 10)
    carrier.take_renewal()
    assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
    is_hung_up(desk, call.phone)
    carrier.respond(rings, 486, "Busy Here", "early")
    desk.send_ack(desk.final(branch_of(headers), 10), *asked)
    carrier.request("ACK", 10)
    hang_up_with(carrier, call.carrier, carrier, theirs)
    nothing_counted(pbx)


def test_only_ones_own_calls_are_joined(pbx: Any, carrier: Carrier, phone: Any, over_carrier: None) -> None:
    """Neither a call of somebody else, nor an unknown one, nor the same; nor one that may not be made any more. No 481:
    on that a phone ends the call in which it asked.
    """
    desk, colleague = phone(DESK), phone(COLLEAGUE)
    call = carrier.call_in(NUMBER, desk)
    third = phone("188")
    inside, _ = establish(colleague, third)
    asked, theirs = asks(desk, carrier)
    assert join(colleague, inside, asked).status == 403
    assert join(desk, call.phone, call.phone, CALLER).status == 403
    pbx.rest.patch(f"users/{pbx.users[DESK]['id']}", role="Standard User")
    within(5, lambda: join(desk, call.phone, asked).status == 403, "the right is gone")
    assert [one.method for one in carrier.requests_within(0.2) if one.method != "BYE"] == []
    hang_up_with(desk, asked, carrier, theirs)
    hang_up_with(desk, call.phone, carrier, call.carrier)
    assert end_call(colleague, third, inside).status == 200


@pytest.mark.parametrize("keys", [Keys.NONE, Keys.REQUIRED])
def test_both_hear_each_other(
    pbx: Any, lab: Any, provider: Any, outward: Any, phone: Any, tmp_path: Path, keys: Keys
) -> None:
    """A colleague's real phone, with and without encryption, and the telephone network behind the provider."""
    colleague, desk = pbx.account("186"), phone(outward.user)
    with (
        Switch(provider, tmp_path / "s", frequency=700) as outside,
        Baresip(lab.host("bob", 12), tmp_path / "b", colleague, frequency=400, keys=keys) as bob,
    ):
        for one in (outside, bob):
            one.wait_registered()
        provider.forget()
        bob.dial(outward.user)
        ours = desk.answer_call(desk.request("INVITE", 10))
        bob.wait_for("CALL_ESTABLISHED", timeout=10)
        asked = desk.call_answered(*desk.begin_call(ASKED), 10)
        assert join(desk, ours, asked).status == 202
        assert told(desk, last=True)[-1] == "SIP/2.0 200 OK"
        both_are_over(desk, ours, asked)
        within(20, lambda: _seconds(bob, 700) >= 2 and _seconds(outside, 400) >= 2, "both hear two seconds")
        bob.hang_up()
        outside.wait_for("CALL_CLOSED", timeout=10)
        assert provider.requests("REFER") == []
        assert len(provider.calls()) == 1
    assert tone.listen(bob.recording, 700).is_whole
    nothing_counted(pbx)


def _seconds(phone: Baresip, frequency: int) -> float:
    try:
        return tone.listen(phone.recording, frequency).seconds
    except Exception:  # noqa: BLE001 (there is no recording yet)
        return 0.0
