"""Handing a party outside over: what is promised, where it may lead, what is counted (docs/adr/0047)."""

import pytest

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.handover import (
    LONGEST,
    Promise,
    counted_already,
    decode_promise,
    encode_promise,
    is_over,
    leads_on,
)
from ringfence.policy.calls.services import Service
from ringfence.policy.calls.transfer import Grant, decode_grant, encode_grant
from ringfence.policy.model import (
    CallOutside,
    PlayService,
    Refuse,
    RingExtension,
    RingList,
    SetCalling,
    Unpark,
    Verdict,
)

ANN = Subscriber("101@a.example", 1, 1, "", True, "Ann", "", "Standard User")
BOB = Subscriber("102@a.example", 1, 2, "", True, "Bob", "", "Standard User")
PROMISE = Promise("101@a.example", "+4989777@a.example", "102", "1-1", "2", "extension:101@a.example tenant:1", "c;x|y")


def test_a_promise_is_read_as_it_was_written() -> None:
    assert decode_promise(encode_promise(PROMISE)) == PROMISE


@pytest.mark.parametrize(
    "text", ["", "handover", "handover\ta\tb", "101@a|102@a|103|", encode_grant(Grant("a", "b", "c"))]
)
def test_nothing_else_is_a_promise(text: str) -> None:
    """Case 37: what one table holds for phones is worth nothing to whoever makes calls for us."""
    assert decode_promise(text) is None


def test_a_promise_is_no_grant_of_a_phone() -> None:
    """Case 37: a token seen on loopback lets no phone call: nobody is named as its transferee."""
    found = decode_grant(encode_promise(PROMISE))
    assert found is None or found.transferee not in ("101@a.example", "+4989777@a.example")


@pytest.mark.parametrize(
    ("verdict", "leads"),
    [
        (RingExtension("r", BOB.aor, ANN, BOB, ANN), True),
        (RingList("r", "group:1", ANN, ANN, ()), True),
        (CallOutside("r", ANN, "+4930", "", ()), True),
        (PlayService("r", Service.LEAVE_MESSAGE, BOB.aor, ANN, ANN), True),
        (PlayService("r", Service.ANNOUNCEMENT, "closed", ANN, ANN), True),
        (PlayService("r", Service.MAILBOX, ANN.aor, ANN, ANN), False),
        (PlayService("r", Service.ANY_MAILBOX, "", ANN, ANN), False),
        (PlayService("r", Service.PARK, ANN.aor, ANN, ANN), True),
        (PlayService("r", Service.FETCH, "", ANN, ANN), False),
        (Unpark("r", ANN, ANN.aor), False),
        (SetCalling("r", ANN, ()), False),
        (Refuse("r", 403, "Forbidden"), False),
    ],
)
def test_a_party_is_led_to_whom_can_be_called_and_to_no_code(verdict: Verdict, leads: bool) -> None:
    """Case 112: nobody outside hears the transferrer's mailbox or changes its settings."""
    assert leads_on(verdict) is leads


def test_the_same_call_is_counted_once_and_each_line_for_itself() -> None:
    """Reference: "Maximum Concurrent Call Limits"."""
    held = "extension:102@a.example trunk:5:tenant:1 trunk:5 tenant:1"
    assert counted_already(held, "102@a.example", "103@a.example") == "extension:102@a.example tenant:1"
    assert counted_already(held, "102@a.example", "102@a.example") == "tenant:1"
    assert counted_already("", "102@a.example", "") == ""


def test_a_handover_nobody_told_the_end_of_is_over_one_day() -> None:
    """A second transfer is possible although the first one was lost."""
    assert not is_over("7 1000", 1000 + LONGEST)
    assert is_over("7 1000", 1001 + LONGEST)
    assert is_over("", 0.0)
