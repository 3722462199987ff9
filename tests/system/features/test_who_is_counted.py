"""Who talks is busy, however he came to the call: as a member of a group, or by picking it up (issue 5, item 11)."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Dialog, NoAnswer, Softphone, end_call, establish
from tests.system.features.steps import branch_of, refuse, refused_call
from tests.system.features.test_transfers import dial_uri, transferred
from tests.system.trunks.counting import counted

pytestmark = pytest.mark.usefixtures("oracle")

FIRST, SECOND, TALKS, OTHER, LATE = "970", "971", "972", "973", "974"
GROUP = "979"


@pytest.fixture
def group(pbx: Any) -> Iterator[None]:
    """Two members who ring at once."""
    for number in (TALKS, OTHER):
        pbx.account(number)
    made = {"tenant_id": pbx.tenant["id"], "number": GROUP, "name": "Counted", "members": [TALKS, OTHER]}
    group = pbx.rest.post("ring-groups", together=True, **made)
    yield
    pbx.rest.delete(f"ring-groups/{group['id']}")


@pytest.fixture
def at_most(pbx: Any) -> Iterator[Callable[[str, int], None]]:
    """`at_most("972", 1)`: so many calls may the extension have."""
    touched: set[str] = set()

    def limit(number: str, calls: int) -> None:
        pbx.account(number)
        touched.add(number)
        pbx.rest.patch(f"users/{pbx.users[number]['id']}/calling", max_calls=calls)
        time.sleep(0.3)

    yield limit
    for number in touched:
        pbx.rest.patch(f"users/{pbx.users[number]['id']}/calling", max_calls=None)


def is_rung(phone: Softphone) -> bool:
    try:
        phone.request("INVITE", 0.7)
    except NoAnswer:
        return False
    return True


def taken(caller: Softphone, dialled: str, rings: Softphone, takes: Softphone, code: str = "") -> Dialog:
    """The call rings at both, or is picked up by a code; one takes it. The dialog of the caller."""
    call = caller.begin_call(dialled)
    ringing = rings.request("INVITE")
    rings.respond(ringing, 180, "Ringing", "r")
    time.sleep(0.2)
    if code:
        assert refused_call(takes, code) == 487
    takes.answer_call(takes.request("INVITE"))
    dialog = caller.call_answered(*call)
    takes.request("ACK")
    rings.respond(rings.request("CANCEL"), 200, "OK", "r")
    refuse(rings, ringing, 487, "Request Terminated")
    return dialog


def nothing_is_counted(pbx: Any) -> None:
    """Of these extensions; a call that another story left may still run."""
    of_ours = [f":{number}@" for number in (FIRST, SECOND, TALKS, OTHER, LATE)]
    within(8, lambda: not [key for key in counted(pbx) if any(one in key for one in of_ours)], "nothing is counted")


@pytest.mark.parametrize("dialled", [GROUP, OTHER])
def test_who_took_a_call_of_others_is_busy_until_it_ends(
    pbx: Any, phone: Any, calling: Callable[..., None], group: None, dialled: str
) -> None:
    """Without call waiting; whom it was for and did not take it is free."""
    first, second, talks, other = phone(FIRST), phone(SECOND), phone(TALKS), phone(OTHER)
    for number in (TALKS, OTHER):
        calling(number, call_waiting=False)
    dialog = taken(first, dialled, other, talks, "" if dialled == GROUP else f"*8{OTHER}")
    assert counted(pbx).keys() >= {f"extension:{FIRST}@acme.example", f"extension:{TALKS}@acme.example"}
    assert f"extension:{OTHER}@acme.example" not in counted(pbx)
    assert refused_call(second, TALKS) == 486
    assert not is_rung(talks)
    assert end_call(second, other, establish(second, other)[0]).status == 200
    assert end_call(first, talks, dialog).status == 200
    nothing_is_counted(pbx)
    assert end_call(second, talks, establish(second, talks)[0]).status == 200


def test_a_busy_member_without_call_waiting_is_left_out_of_the_group(
    pbx: Any, phone: Any, calling: Callable[..., None], group: None
) -> None:
    """The others ring; if all are busy, the group is."""
    first, second, talks, other, late = phone(FIRST), phone(SECOND), phone(TALKS), phone(OTHER), phone(LATE)
    for number in (TALKS, OTHER):
        calling(number, call_waiting=False)
    dialog, _ = establish(first, talks)
    call = second.begin_call(GROUP)
    other.answer_call(other.request("INVITE"))
    of_group = second.call_answered(*call)
    other.request("ACK")
    assert not is_rung(talks)
    assert refused_call(late, GROUP) == 486
    assert not is_rung(other)
    calling(OTHER, call_waiting=True)
    time.sleep(0.3)
    call = late.begin_call(GROUP)
    refuse(other, other.request("INVITE"), 486, "Busy Here")
    assert late.final(branch_of(call[1])).status in (480, 486)
    assert end_call(second, other, of_group).status == 200
    assert end_call(first, talks, dialog).status == 200
    nothing_is_counted(pbx)


def test_a_limit_holds_for_calls_of_others_as_well(
    pbx: Any, phone: Any, at_most: Callable[[str, int], None], group: None
) -> None:
    """Item 5, "0 defined": no call at all, by a group neither nor by picking one up."""
    first, second, talks, other = phone(FIRST), phone(SECOND), phone(TALKS), phone(OTHER)
    at_most(TALKS, 1)
    dialog = taken(first, GROUP, other, talks)
    assert refused_call(second, TALKS) == 486
    ringing = ringing_at(other, second)
    assert refused_call(talks, f"*8{OTHER}") == 480
    refuse(other, ringing, 486, "Busy Here")
    assert end_call(first, talks, dialog).status == 200
    nothing_is_counted(pbx)
    at_most(TALKS, 0)
    ringing = ringing_at(other, second)
    assert refused_call(talks, f"*8{OTHER}") == 403
    refuse(other, ringing, 486, "Busy Here")
    call = second.begin_call(GROUP)
    refuse(other, other.request("INVITE"), 486, "Busy Here")
    second.final(branch_of(call[1]))
    assert not is_rung(talks)
    nothing_is_counted(pbx)


def ringing_at(phone: Softphone, caller: Softphone) -> sip.Message:
    caller.begin_call(phone.account.user)
    ringing = phone.request("INVITE")
    phone.respond(ringing, 180, "Ringing", "r")
    time.sleep(0.2)
    return ringing


def test_who_sent_a_call_on_is_free_while_others_talk(
    pbx: Any, phone: Any, calling: Callable[..., None], at_most: Callable[[str, int], None]
) -> None:
    """A transfer, and a forward without an answer: for call waiting it is over; the limit still counts it (ADR 13)."""
    first, second, sends, takes = phone(FIRST), phone(SECOND), phone(TALKS), phone(OTHER)
    calling(TALKS, call_waiting=False)
    ours, _ = establish(first, sends)
    uri, _ = transferred(first, sends, ours, f"<sip:{OTHER}@acme.example>")
    takes_over = dial_uri(sends, uri)
    takes.answer_call(takes.request("INVITE"))
    talking = sends.call_answered(*takes_over)
    takes.request("ACK")
    assert end_call(first, sends, ours).status == 200
    calling(FIRST, call_waiting=False)
    time.sleep(0.3)
    assert end_call(second, first, establish(second, first)[0]).status == 200
    assert refused_call(second, TALKS) == 486
    at_most(FIRST, 1)
    call = second.begin_call(FIRST)
    assert second.final(branch_of(call[1])).status == 486
    assert end_call(sends, takes, talking).status == 200
    calling(TALKS, call_waiting=False, forward_no_answer=OTHER)
    time.sleep(0.3)
    dialog = forwarded(second, sends, takes)
    assert end_call(first, sends, establish(first, sends)[0]).status == 200
    assert end_call(second, takes, dialog).status == 200
    nothing_is_counted(pbx)


def forwarded(caller: Softphone, rings: Softphone, takes: Softphone) -> Dialog:
    """Nobody answers at the one, so the other takes the call."""
    call = caller.begin_call(rings.account.user)
    refuse(rings, rings.request("INVITE"), 480, "Later")
    takes.answer_call(takes.request("INVITE"))
    dialog = caller.call_answered(*call)
    takes.request("ACK")
    return dialog


def test_a_message_is_left_with_whoever_is_in_as_many_calls_as_he_may(
    pbx: Any, phone: Any, calling: Callable[..., None], at_most: Callable[[str, int], None]
) -> None:
    """Issue 5, item 9: what is busy leaves a message. It is no call of his: he is free as soon as his own is over."""
    first, second, talks = phone(FIRST), phone(SECOND), phone(TALKS)
    path = f"users/{pbx.users[TALKS]['id']}/voicemail"
    calling(TALKS, call_waiting=False)
    pbx.rest.patch(path, enabled=True)
    at_most(TALKS, 1)
    dialog, _ = establish(first, talks)
    message = second.call_answered(*second.begin_call(TALKS))
    assert [call["callee"] for call in pbx.product.live_calls() if SECOND in call["caller"]] == ["leave-message"]
    assert end_call(first, talks, dialog).status == 200
    assert end_call(first, talks, establish(first, talks)[0]).status == 200
    assert second.ask_in_dialog(message, "BYE").status == 200
    pbx.rest.patch(path, enabled=False)
    nothing_is_counted(pbx)
