"""Calls that a program starts: the phone rings first and then calls, with its own rights (issue: one judgement)."""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.rest import Refused
from ringfence.lab.softphone import Softphone, end_call, establish
from tests.system.features.steps import branch_of, record

pytestmark = pytest.mark.usefixtures("oracle")

PREMIUM = "0900123456"


def start(pbx: Any, number: str, target: str, phone: Softphone | None = None) -> None:
    """As soon as the guard knows where the phone is."""
    pbx.account(number)
    if phone is not None:
        within(4, lambda: phone.hostport in str(pbx.product.registrations()), "the registration is known")
    pbx.rest.post("calls", user_id=pbx.users[number]["id"], number=target)


def picked_up(phone: Softphone) -> str:
    """The user takes the call that rings; what the phone is then asked to call. The first call is over then."""
    phone.answer_call(phone.request("INVITE"))
    phone.request("ACK")
    refer = phone.request("REFER")
    phone.respond(refer, 202, "Accepted")
    phone.respond(phone.request("BYE"), 200, "OK")
    return sip.uri_in(refer.header("refer-to"))


def test_a_started_call_rings_first_and_is_then_the_phones_own(pbx: Any, phone: Any) -> None:
    caller, callee = phone("331"), phone("332")
    start(pbx, "331", "332", caller)
    assert picked_up(caller) == "sip:332@acme.example"
    dialled = caller.begin_call("332")
    callee.answer_call(callee.request("INVITE"))
    dialog = caller.call_answered(*dialled)
    callee.request("ACK")
    assert end_call(caller, callee, dialog).status == 200
    assert record(pbx, "331", "332", code=200)["callee"] == "332@acme.example"


def test_a_started_call_to_premium_is_judged_as_the_phones_own(pbx: Any, phone: Any) -> None:
    """Whoever has a token cannot lend an internal-only extension rights; the oracle looks at the trunk."""
    caller = phone("331")
    start(pbx, "331", PREMIUM, caller)
    assert picked_up(caller) == f"sip:{PREMIUM}@acme.example"
    _, headers = caller.begin_call(PREMIUM)
    assert caller.final(branch_of(headers)).status == 403


@pytest.mark.parametrize(("number", "rule"), [("evil@x", "calls.number"), ("", "calls.number")])
def test_nonsense_is_refused(pbx: Any, phone: Any, number: str, rule: str) -> None:
    phone("331")
    with pytest.raises(Refused) as refused:
        start(pbx, "331", number)
    assert rule in str(refused.value)


def test_without_a_phone_nothing_starts(pbx: Any) -> None:
    pbx.account("339")
    with pytest.raises(Refused, match="No phone is registered"):
        start(pbx, "339", "332")


def test_an_administrator_ends_a_call_of_the_own_tenant_alone(pbx: Any, phone: Any) -> None:
    """Case 40, cutting off: both sides get a BYE; a call of nobody's is none."""
    caller, callee = phone("331"), phone("332")
    establish(caller, callee)
    call = within(
        5, lambda: next((row for row in pbx.product.answered_calls() if "331@" in row["caller"]), None), "it is live"
    )
    assert call[0]["state"] == "answered"
    pbx.rest.delete(f"calls/{call[0]['id']}")
    for phone_ in (caller, callee):
        phone_.respond(phone_.request("BYE"), 200, "OK")
    assert record(pbx, "331", "332", ended_by="system")["code"] == 200
    with pytest.raises(Refused):
        pbx.rest.delete(f"calls/{call[0]['id']}")
