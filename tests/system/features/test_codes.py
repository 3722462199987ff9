"""Feature codes: forwards and do not disturb set at the phone, and calls picked up (case 40)."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, end_call
from tests.system.features.steps import branch_of, record

pytestmark = pytest.mark.usefixtures("oracle")


def code(phone: Softphone, dialled: str) -> int:
    """The answer to a dialled code."""
    _, headers = phone.begin_call(dialled)
    return phone.final(branch_of(headers)).status


def settings(pbx: Any, number: str) -> dict[str, Any]:
    found: dict[str, Any] = pbx.rest.get(f"users/{pbx.users[number]['id']}/calling")
    return found


def test_codes_set_what_the_page_sets(pbx: Any, phone: Any, calling: Callable[..., None]) -> None:
    """Within a second in the settings, and in force; a number that cannot be is not set."""
    caller, one = phone("351"), phone("352")
    calling("352", do_not_disturb=False)
    pbx.account("353")
    for dialled, expected in (
        ("*78", {"do_not_disturb": True}),
        ("*79", {"do_not_disturb": False}),
        ("*72353", {"forward_always": "353"}),
        ("*73", {"forward_always": ""}),
        ("*78", {"do_not_disturb": True}),
    ):
        assert code(one, dialled) == 480
        within(8, lambda wanted=expected: wanted.items() <= settings(pbx, "352").items(), f"{dialled} is in force")
    time.sleep(1)  # a worker obeys within a second
    _, headers = caller.begin_call("352")
    assert caller.final(branch_of(headers)).status == 486
    assert code(one, "*72") == 484
    assert code(one, "*72352") == 484
    assert code(one, "*72999") == 404


def pick_up(caller: Softphone, rings: Softphone, picker: Softphone, dialled: str) -> None:
    """A call rings at one phone; another takes it by a code; both sides talk; the first stops ringing."""
    call = caller.begin_call(rings.account.user)
    ringing = rings.request("INVITE")
    rings.respond(ringing, 180, "Ringing", "r")
    assert code(picker, dialled) == 487
    invite = picker.request("INVITE")
    assert invite.header("call-info").endswith("answer-after=0")
    assert sip.media_address(invite.body)[0] == "10.77.0.1"
    theirs = picker.answer_call(invite)
    dialog = caller.call_answered(*call)
    picker.request("ACK")
    rings.respond(rings.request("CANCEL"), 200, "OK", "r")
    rings.respond(ringing, 487, "Request Terminated", "r")
    assert dialog.call_id == theirs.call_id
    assert end_call(picker, caller, theirs).status == 200


def test_a_call_that_rings_elsewhere_is_picked_up(pbx: Any, phone: Any) -> None:
    """The record names who took it."""
    pick_up(phone("351"), phone("352"), phone("353"), "*8352")
    assert record(pbx, "351", "352", code=200)["callee"] == "353@acme.example"


def gives_up(caller: Softphone, call: tuple[str, sip.Headers], rings: Softphone, ringing: sip.Message) -> None:
    """CANCEL, as the phone that rang and the caller see it (RFC 3261 section 9)."""
    uri, headers = call
    kept = [(name, value) for name, value in headers if name in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
    number = dict(headers)["CSeq"].split()[0]
    caller.send(sip.compose(f"CANCEL {uri} SIP/2.0", [*kept, ("CSeq", f"{number} CANCEL")]))
    rings.respond(rings.request("CANCEL"), 200, "OK", "r")
    rings.respond(ringing, 487, "Request Terminated", "r")
    rings.request("ACK")


def test_of_two_calls_the_one_that_still_rings_is_picked_up(pbx: Any, phone: Any) -> None:
    """Issue 5, item 11: the later caller gave up; the first rings on and could not be had any more. So it
    was with the calls to a group, one of which is over.
    """
    first, second, rings, picker = phone("970"), phone("971"), phone("973"), phone("974")
    group = pbx.rest.post("groups", tenant_id=pbx.tenant["id"], name="Two calls")["id"]
    for number in ("973", "974"):
        pbx.rest.call("PUT", f"groups/{group}/members/{pbx.users[number]['id']}")
    for dialled in ("*8973", "*8"):
        call = first.begin_call("973")
        ringing = rings.request("INVITE")
        rings.respond(ringing, 180, "Ringing", "r")
        later = second.begin_call("973")
        too = rings.request("INVITE")
        rings.respond(too, 180, "Ringing", "r")
        time.sleep(0.2)
        gives_up(second, later, rings, too)
        assert code(picker, dialled) == 487
        picker.answer_call(picker.request("INVITE"))
        dialog = first.call_answered(*call)
        picker.request("ACK")
        rings.respond(rings.request("CANCEL"), 200, "OK", "r")
        rings.respond(ringing, 487, "Request Terminated", "r")
        assert end_call(first, picker, dialog).status == 200
        assert code(picker, dialled) == 404, "nothing rings any more"
    pbx.rest.delete(f"groups/{group}")


def test_of_two_who_pick_up_at_once_the_record_names_who_got_it(pbx: Any, phone: Any) -> None:
    """RFC 3261 section 16.7: the first 200 counts; the phone of the other one is told to stop."""
    caller, rings, quick, slow = phone("351"), phone("352"), phone("353"), phone("354")
    call = caller.begin_call("352")
    ringing = rings.request("INVITE")
    rings.respond(ringing, 180, "Ringing", "r")
    assert [code(one, "*8352") for one in (quick, slow)] == [487, 487]
    late, invite = slow.request("INVITE"), quick.request("INVITE")
    slow.respond(late, 180, "Ringing", "s")
    time.sleep(0.2)
    quick.answer_call(invite)
    dialog = caller.call_answered(*call)
    quick.request("ACK")
    for one, stopped, tag in ((rings, ringing, "r"), (slow, late, "s")):
        one.respond(one.request("CANCEL"), 200, "OK", tag)
        one.respond(stopped, 487, "Request Terminated", tag)
    row = within(5, lambda: [one for one in pbx.product.answered_calls() if "351@" in one["caller"]], "the call")[0][0]
    assert row["callee"] == "353@acme.example"
    assert end_call(caller, quick, dialog).status == 200


def test_a_call_to_a_colleague_of_the_group_is_picked_up(pbx: Any, phone: Any) -> None:
    caller, rings, picker, other = phone("351"), phone("352"), phone("353"), phone("354")
    group = pbx.rest.post("groups", tenant_id=pbx.tenant["id"], name="Reception")["id"]
    for number in ("352", "353"):
        pbx.rest.call("PUT", f"groups/{group}/members/{pbx.users[number]['id']}")
    assert code(other, "*8") == 404
    pick_up(caller, rings, picker, "*8")
    pbx.rest.delete(f"groups/{group}")


def test_nobody_makes_another_phone_answer_by_itself(phone: Any, calling: Callable[..., None]) -> None:
    """Case 40, barging in: by a header of the caller's, or by a pick-up whose call goes on to somebody else."""
    caller, busy, other, picker = phone("351"), phone("352"), phone("353"), phone("354")
    calling("352", forward_busy="353")
    call = caller.begin_call(
        "352",
        [("Call-Info", "<sip:x>;answer-after=0"), ("Alert-Info", "<x>;info=alert-autoanswer"), ("Answer-Mode", "Auto")],
    )
    first = busy.request("INVITE")
    assert code(picker, "*8352") == 487
    own = picker.request("INVITE")
    picker.respond(own, 486, "Busy Here", "p")
    picker.request("ACK")
    busy.respond(first, 486, "Busy Here", "b")
    busy.request("ACK")
    second = other.request("INVITE")
    for invite in (first, second):
        assert {"call-info", "alert-info", "answer-mode"}.isdisjoint(invite.header_names)
    other.answer_call(second)
    dialog = caller.call_answered(*call)
    other.request("ACK")
    assert end_call(caller, other, dialog).status == 200


@pytest.mark.parametrize("dialled", ["*8352", "*8", "*8987"])
def test_where_nothing_rings_nothing_is_picked_up(phone: Any, dialled: str) -> None:
    phone("352")
    assert code(phone("353"), dialled) == 404


def test_a_call_of_another_tenant_is_not_picked_up(pbx: Any, phone: Any, stranger: Any) -> None:
    """Case 40: the same number in both tenants."""
    caller, rings = phone("351"), phone("352")
    rival = pbx.product.create_tenant("Thief", "thief.example")
    secret = pbx.product.create_user(rival, "353")["sip_secret"]
    pbx.product.create_user(rival, "352")
    with Softphone(stranger(), ("10.77.0.1", 5060), sip.Account("353", "thief.example", secret)) as thief:
        assert thief.register().status == 200
        _, headers = caller.begin_call("352")
        ringing = rings.request("INVITE")
        assert code(thief, "*8352") == 404
        assert thief.requests_within(0.3) == []
        rings.respond(ringing, 486, "Busy Here", "r")
        rings.request("ACK")
        assert caller.final(branch_of(headers)).status == 486
        thief.register(expires=0)
