"""Forwards on the wire: always, busy, no answer, offline, do not disturb, the phone's own 302 (cases 37, 41, 112)."""

from collections.abc import Callable
from typing import Any

import pytest

from ringfence.lab.softphone import end_call
from tests.system.features.steps import branch_of, record, refuse, talk

pytestmark = pytest.mark.usefixtures("oracle")

PREMIUM = "0900123456"


def test_forward_always_rings_elsewhere_and_shows_the_caller(
    pbx: Any, phone: Any, calling: Callable[..., None]
) -> None:
    """The forwarder's phone stays silent; the caller is still shown."""
    caller, silent, other = phone("301"), phone("302"), phone("303")
    calling("302", forward_always="303")
    dialled = caller.begin_call("302")
    talk(caller, other, dialled)
    assert silent.requests_within(0.2) == []
    assert record(pbx, "301", "302", callee="303@acme.example")["code"] == 200


@pytest.mark.parametrize("code", [486, 603])
def test_forward_while_busy(phone: Any, calling: Callable[..., None], code: int) -> None:
    caller, busy, other = phone("301"), phone("302"), phone("303")
    calling("302", forward_busy="303")
    dialled = caller.begin_call("302")
    refuse(busy, busy.request("INVITE"), code, "Busy")
    talk(caller, other, dialled)


def test_forward_without_an_answer_after_the_set_time(phone: Any, calling: Callable[..., None]) -> None:
    """The first phone is told to stop ringing; a phone that rang first may not speak in the call."""
    caller, deaf, other = phone("301"), phone("302"), phone("303")
    calling("302", forward_no_answer="303", ring_seconds=5)
    dialled = caller.begin_call("302")
    invite = deaf.request("INVITE")
    deaf.respond(invite, 180, "Ringing", "deaf")
    cancel = deaf.request("CANCEL", 15)
    deaf.respond(cancel, 200, "OK", "deaf")
    deaf.respond(invite, 487, "Request Terminated", "deaf")
    talk(caller, other, dialled)


def test_forward_while_offline(phone: Any, calling: Callable[..., None]) -> None:
    """Both without any registration and when the registered phone does not answer at all."""
    caller, other = phone("301"), phone("303")
    calling("304", forward_offline="303")
    talk(caller, other, caller.begin_call("304"))
    dead = phone("304")
    dialled = caller.begin_call("304")
    dead.request("INVITE")
    other.answer_call(other.request("INVITE", 15))
    dialog = caller.call_answered(*dialled, 15)
    other.request("ACK")
    assert end_call(caller, other, dialog).status == 200


def test_do_not_disturb_is_busy_without_ringing(phone: Any, calling: Callable[..., None]) -> None:
    caller, quiet = phone("301"), phone("302")
    calling("302", do_not_disturb=True)
    _, headers = caller.begin_call("302")
    assert caller.final(branch_of(headers)).status == 486
    assert quiet.requests_within(0.2) == []


def test_a_loop_of_forwards_is_482_and_nobody_rings(phone: Any, calling: Callable[..., None]) -> None:
    """Case 41: A to B to A, set always; and the same by two busy phones."""
    caller, first, second = phone("301"), phone("302"), phone("303")
    calling("302", forward_always="303")
    calling("303", forward_always="302")
    _, headers = caller.begin_call("302")
    assert caller.final(branch_of(headers)).status == 482
    calling("302", forward_always="", forward_busy="303")
    calling("303", forward_always="", forward_busy="302")
    _, headers = caller.begin_call("302")
    for phone_ in (first, second):
        refuse(phone_, phone_.request("INVITE"), 486, "Busy Here")
    assert caller.final(branch_of(headers)).status == 482
    assert [*first.requests_within(0.2), *second.requests_within(0.2)] == []


def test_a_forward_to_premium_whose_right_is_gone_is_refused_when_the_call_comes(
    pbx: Any, phone: Any, calling: Callable[..., None], role: Callable[[str, str], None]
) -> None:
    """Case 112. The caller's own rights do not help; the record names the forwarder as the one who was judged."""
    caller = phone("301")
    role("301", "Standard International User")
    role("302", "Standard International User")
    calling("302", forward_always=PREMIUM)
    role("302", "Standard User")
    _, headers = caller.begin_call("302")
    assert caller.final(branch_of(headers)).status == 480
    assert record(pbx, "301", "302", rule="outbound.national")["code"] == 480


@pytest.mark.parametrize(
    "contact", [f"<sip:{PREMIUM}@acme.example>", "<sip:1@evil.example>", f"<tel:{PREMIUM}>", "<sip:+882@10.77.0.90>"]
)
def test_a_302_to_premium_or_to_a_stranger_goes_nowhere(phone: Any, contact: str) -> None:
    """Case 37: the callee's own rights; the caller never sees the redirection. The oracle looks at the trunk."""
    caller, callee = phone("301"), phone("302")
    _, headers = caller.begin_call("302")
    callee.respond(callee.request("INVITE"), 302, "Moved", "m", contact=contact)
    callee.request("ACK")
    answer = caller.final(branch_of(headers))
    assert answer.status == 480
    assert PREMIUM not in answer.raw.decode()


def test_a_302_to_a_colleague_rings_there(phone: Any) -> None:
    """Forwarding that was set at the phone itself, as its owner's call."""
    caller, callee, other = phone("301"), phone("302"), phone("303")
    dialled = caller.begin_call("302")
    callee.respond(callee.request("INVITE"), 302, "Moved", "m", contact="<sip:303@acme.example>")
    callee.request("ACK")
    talk(caller, other, dialled)


def _send_on(phone: Any, *contacts: str) -> None:
    """A 302 with several Contacts, each in a header of its own."""
    first, *others = contacts
    phone.respond(phone.request("INVITE"), 302, "Moved", "m", [("Contact", one) for one in others], contact=first)
    phone.request("ACK")


def test_a_302_with_several_contacts_is_followed_in_the_order_of_their_weights(pbx: Any, phone: Any) -> None:
    """RFC 3261 sections 8.1.3.4 and 16.5: the heaviest first, the next when that one is busy or may not be called."""
    caller, callee, busy, taker, spare = (phone(number) for number in ("880", "881", "882", "883", "884"))
    dialled = caller.begin_call("881")
    _send_on(
        callee,
        "<sip:884@acme.example>;q=0.1",
        f'"a, b" <sip:{PREMIUM}@acme.example>;q=1.0, <sip:882@acme.example>;q=0.8',
        "<sip:883@acme.example>;q=0.5",
    )
    refuse(busy, busy.request("INVITE"), 486, "Busy Here")
    talk(caller, taker, dialled)
    assert spare.requests_within(0.2) == []
    assert record(pbx, "880", "881", callee="883@acme.example")["payer"] == "881@acme.example"


def test_a_302_within_a_302_comes_first_and_loops_are_left_out(phone: Any) -> None:
    """Case 41: each target remembers who sent the call there."""
    caller, callee, middle, taker = (phone(number) for number in ("880", "881", "882", "883"))
    dialled = caller.begin_call("881")
    _send_on(callee, "<sip:882@acme.example>", "<sip:883@acme.example>;q=0.5")
    _send_on(middle, "<sip:881@acme.example>", "<sip:882@acme.example>", "<sip:1@evil.example>")
    talk(caller, taker, dialled)
    assert [*callee.requests_within(0.2), *middle.requests_within(0.2)] == []


def test_a_no_for_the_whole_call_ends_the_targets_of_a_302(phone: Any) -> None:
    """RFC 3261 section 16.7: after a 6xx nobody else is tried."""
    caller, callee, declines, spare = (phone(number) for number in ("880", "881", "882", "883"))
    _, headers = caller.begin_call("881")
    _send_on(callee, "<sip:882@acme.example>", "<sip:883@acme.example>;q=0.5")
    refuse(declines, declines.request("INVITE"), 603, "Decline")
    assert caller.final(branch_of(headers)).status == 603
    assert spare.requests_within(0.2) == []


def test_all_devices_of_an_extension_ring_and_the_one_that_answers_may_hang_up(phone: Any) -> None:
    """Several devices by extension: the others are cancelled, and the party of the call is who answered."""
    caller, desk, mobile = phone("301"), phone("302"), phone("302")
    dialled = caller.begin_call("302")
    ringing = desk.request("INVITE")
    desk.respond(ringing, 180, "Ringing", "desk")
    theirs = mobile.answer_call(mobile.request("INVITE"))
    caller.call_answered(*dialled)
    mobile.request("ACK")
    desk.respond(desk.request("CANCEL"), 200, "OK", "desk")
    desk.respond(ringing, 487, "Request Terminated", "desk")
    assert end_call(mobile, caller, theirs).status == 200
