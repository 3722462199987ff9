"""Transfers on the wire: blind, attended, by strangers, to where the transferrer may not call (cases 37, 40, 112)."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.sip import Message
from ringfence.lab.softphone import Dialog, NoAnswer, Softphone, end_call, establish
from tests.system.features.steps import branch_of, record

pytestmark = pytest.mark.usefixtures("oracle")

PREMIUM = "0900123456"


def refer(phone: Softphone, dialog: Dialog, target: str) -> Message:
    """The answer to a REFER, whoever gives it; nobody else has to do anything."""
    return phone.ask_in_dialog(dialog, "REFER", [("Refer-To", target)])


def transferred(phone: Softphone, other: Softphone, dialog: Dialog, target: str) -> tuple[str, Message]:
    """Sends a REFER that is granted; where the other phone is sent, and the REFER it got."""
    raw = phone.in_dialog(dialog, "REFER", [("Refer-To", target), ("Referred-By", "<sip:boss@evil.example>")])
    phone.send(raw)
    arrived = other.request("REFER")
    other.respond(arrived, 202, "Accepted")
    assert phone.final(sip.parse(raw).branch).status == 202
    return sip.uri_in(arrived.header("refer-to")), arrived


def dial_uri(phone: Softphone, uri: str, headers: sip.Headers | None = None) -> tuple[str, sip.Headers]:
    """An authenticated INVITE to this very URI."""
    return phone.begin_call(uri.removeprefix("sip:").partition("@")[0], headers)


def test_a_blind_transfer_connects_the_other_two_and_the_transferrer_pays(pbx: Any, phone: Any) -> None:
    """RFC 5589 section 6.1: REFER, the other phone calls the target, NOTIFY tells the transferrer, BYE."""
    boss, customer, colleague = phone("311"), phone("312"), phone("313")
    ours, theirs = establish(boss, customer)
    uri, arrived = transferred(boss, customer, ours, "<sip:313@acme.example>")
    assert uri.startswith("sip:313_")
    assert arrived.header("refer-to").startswith('"313" <'), "a phone shows whom it calls, not the token"
    assert arrived.header("referred-by") == "<sip:311@acme.example>"
    dialled = dial_uri(customer, uri)
    colleague.answer_call(invite := colleague.request("INVITE"))
    assert "312@acme.example" in invite.header("p-asserted-identity")
    talking = customer.call_answered(*dialled)
    colleague.request("ACK")
    content = [("Event", "refer"), ("Subscription-State", "terminated"), ("Content-Type", "message/sipfrag")]
    notify = customer.in_dialog(theirs, "NOTIFY", content, b"SIP/2.0 200 OK\r\n")
    customer.send(notify)
    told = boss.request("NOTIFY")
    assert told.body == b"SIP/2.0 200 OK\r\n"
    boss.respond(told, 200, "OK")
    assert customer.final(sip.parse(notify).branch).status == 200
    assert end_call(boss, customer, ours).status == 200
    assert end_call(customer, colleague, talking).status == 200
    assert record(pbx, "312", "313", code=200)["callee"] == "313@acme.example"


@pytest.mark.parametrize("names_device", [False, True])
def test_an_attended_transfer_replaces_the_call_of_the_transferrer(
    phone: Any, calling: Callable[..., None], names_device: bool
) -> None:
    """RFC 5589 section 7: the target is talking to the transferrer, so its do not disturb does not count. Phones name
    it by number or by the Contact of its device (section 7.1).
    """
    boss, customer, colleague = phone("311"), phone("312"), phone("313")
    with_customer, _ = establish(boss, customer)
    with_colleague, theirs = establish(boss, colleague)
    calling("313", do_not_disturb=True)
    tags = f"to-tag%3D{sip.tag_of(theirs.local)}%3Bfrom-tag%3D{sip.tag_of(theirs.remote)}"
    escaped = f"{theirs.call_id.replace('@', '%40')}%3B{tags}"
    target = sip.uri_in(colleague.contact).replace("313@", "device-7@") if names_device else "sip:313@acme.example"
    uri, arrived = transferred(boss, customer, with_customer, f"<{target}?Replaces={escaped}>")
    assert uri.startswith("sip:313_")
    assert escaped.lower() in arrived.header("refer-to").lower()
    dialled = dial_uri(customer, uri.partition("?")[0], [("Replaces", "made-up;to-tag=1;from-tag=2")])
    invite = colleague.request("INVITE")
    assert invite.all("replaces") == (
        f"{theirs.call_id};to-tag={sip.tag_of(theirs.local)};from-tag={sip.tag_of(theirs.remote)}",
    )
    colleague.answer_call(invite)
    talking = customer.call_answered(*dialled)
    colleague.request("ACK")
    assert end_call(colleague, boss, theirs).status == 200
    assert end_call(boss, customer, with_customer).status == 200
    assert end_call(customer, colleague, talking).status == 200
    assert with_colleague.call_id == theirs.call_id


def test_who_does_not_wait_for_the_answer_transfers_to_whom_rings(phone: Any) -> None:
    """Polycom and others send Replaces for the call that still rings. A phone refuses that (RFC 3891 section 3, 481):
    it was granted, and the transfer failed.
    """
    boss, customer, colleague = phone("311"), phone("312"), phone("313")
    with_customer, _ = establish(boss, customer)
    asked = boss.begin_call("313")
    rings, tag = colleague.request("INVITE"), sip.new_token()
    colleague.respond(rings, 180, "Ringing", tag)
    number = rings.header("call-id").replace("@", "%40")
    tags = f"to-tag%3D{tag}%3Bfrom-tag%3D{rings.tag('from')}"
    target = f"<sip:313@acme.example?Replaces={number}%3B{tags}>"
    uri, arrived = transferred(boss, customer, with_customer, target)
    assert "replaces" not in arrived.header("refer-to").lower()
    dialled = dial_uri(customer, uri)
    invite = colleague.request("INVITE")
    assert invite.all("replaces") == ()
    colleague.answer_call(invite)
    talking = customer.call_answered(*dialled)
    colleague.request("ACK")
    colleague.respond(rings, 486, "Busy Here", tag)
    refused = boss.final(sip.parse(sip.compose("X x SIP/2.0", asked[1])).branch)
    boss.send_ack(refused, *asked)
    assert refused.status == 486
    assert end_call(boss, customer, with_customer).status == 200
    assert end_call(customer, colleague, talking).status == 200


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (f"<sip:{PREMIUM}@acme.example>", 403),
        (f"<tel:{PREMIUM}>", 403),
        ("<sip:313@evil.example>", 403),
        ("<sip:313@acme.example;method=BYE>", 403),
        ("<sip:313@acme.example?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>", 403),
        ("<http://evil.example/>", 403),
    ],
)
def test_a_transfer_is_judged_before_the_other_phone_hears_of_it(phone: Any, target: str, code: int) -> None:
    """Cases 37 and 112: internal-only users transfer to premium; strangers' domains; dialogs that are not theirs."""
    boss, customer = phone("311"), phone("312")
    ours, _ = establish(boss, customer)
    assert refer(boss, ours, target).status == code
    assert customer.requests_within(0.2) == []
    assert end_call(boss, customer, ours).status == 200


def test_the_right_counts_when_the_call_is_made_and_it_is_the_transferrers(
    pbx: Any, phone: Any, role: Callable[[str, str], None]
) -> None:
    """The granted transfer is judged again when the call comes; a token works once, and for one phone only."""
    boss, customer, other = phone("311"), phone("312"), phone("314")
    ours, _ = establish(boss, customer)
    uri, _ = transferred(boss, customer, ours, "<sip:313@acme.example>")
    for thief in (other, boss):
        _, headers = dial_uri(thief, uri)
        assert thief.final(branch_of(headers)).status in (403, 404)
    callee = phone("313")
    _, headers = dial_uri(customer, uri)
    invite = callee.request("INVITE")
    callee.respond(invite, 486, "Busy Here", "b")
    callee.request("ACK")
    assert customer.final(branch_of(headers)).status == 486
    _, headers = dial_uri(customer, uri)
    assert customer.final(branch_of(headers)).status in (403, 404), "a token was good for two calls"
    uri, _ = transferred(boss, customer, ours, "<sip:313@acme.example>")
    pbx.rest.post("roles", tenant_id=pbx.tenant["id"], name="Outside only", permissions=["call.national"])
    role("311", "Outside only")
    _, headers = dial_uri(customer, uri)
    assert customer.final(branch_of(headers)).status == 403
    assert end_call(boss, customer, ours).status == 200


def test_a_stranger_transfers_nothing(phone: Any, attacker: Softphone) -> None:
    """Case 37: REFER from a non-party, inside and outside of a dialog, with right tags and call id."""
    boss, customer = phone("311"), phone("312")
    ours, _ = establish(boss, customer)
    forged = boss.in_dialog(ours, "REFER", [("Refer-To", "<sip:313@acme.example>")], source=attacker)
    attacker.send(forged)
    with suppress(NoAnswer):
        assert attacker.final(sip.parse(forged).branch, 1.0).status in (403, 481)
    third = phone("314")
    uri = "sip:312@acme.example"
    answer = third.authenticated("REFER", uri, [*third.headers("REFER", uri), ("Refer-To", "<sip:313@acme.example>")])
    assert answer.status in (403, 405, 481)
    assert customer.requests_within(0.2) == []
    assert end_call(boss, customer, ours).status == 200
