"""Which calls go to the voicemail, and which PINs protect it."""

from dataclasses import replace

import pytest

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.forwarding import Occasion, go_on
from ringfence.policy.calls.services import Missed, Service
from ringfence.policy.calls.voicemail import dialled_service
from ringfence.policy.model import PlayService, Refuse, Verdict
from ringfence.policy.people.pins import pin_problems

ANN = Subscriber("101@a.example", 1, 1, "r", True, "Ann", "x", "y")
BOB = Subscriber("102@a.example", 1, 2, "r", True, "Bob", "x", "y", calling=Calling(voicemail=True))
PEOPLE = {person.aor: person for person in (ANN, BOB)}


@pytest.mark.parametrize(
    ("number", "service", "argument"),
    [
        ("*97", Service.MAILBOX, "101@a.example"),
        ("*98", Service.ANY_MAILBOX, "101@a.example"),
        ("*99102", Service.LEAVE_MESSAGE, "102@a.example"),
    ],
)
def test_codes_reach_the_voicemail(number: str, service: Service, argument: str) -> None:
    assert dialled_service(number, ANN, ANN, PEOPLE.get) == PlayService("route.voicemail", service, argument, ANN, ANN)


@pytest.mark.parametrize("number", ["*99101", "*99", "*99999"])
def test_nobody_leaves_a_message_where_there_is_no_voicemail(number: str) -> None:
    assert isinstance(dialled_service(number, ANN, ANN, PEOPLE.get), Refuse)


@pytest.mark.parametrize("number", ["*97", "*98"])
def test_nobody_is_led_to_a_menu_that_asks_for_a_pin(number: str) -> None:
    """Group F: by a forward or transfer; *97 is what the message key dials, so it means voicemail."""
    assert dialled_service(number, BOB, ANN, PEOPLE.get) == Refuse("route.mailbox", 403, "Forbidden")
    leave = PlayService("route.voicemail", Service.LEAVE_MESSAGE, BOB.aor, ANN, BOB)
    expected = leave if number == "*97" else Refuse("route.mailbox", 403, "Forbidden")
    assert dialled_service(number, ANN, BOB, PEOPLE.get) == expected


def test_other_numbers_are_none_of_its_business() -> None:
    assert dialled_service("102", ANN, ANN, PEOPLE.get) is None


def judge(caller: Subscriber, payer: Subscriber, number: str) -> Verdict:
    found = dialled_service(number, caller, payer, PEOPLE.get)
    return found or Refuse("route.no_rule", 404, "Not Found")


@pytest.mark.parametrize(
    ("occasion", "missed"),
    [
        (Occasion.BUSY, Missed.BUSY),
        (Occasion.NO_ANSWER, Missed.NO_ANSWER),
        (Occasion.OFFLINE, Missed.OFFLINE),
    ],
)
def test_a_missed_call_goes_to_the_voicemail_unless_a_forward_takes_it(occasion: Occasion, missed: Missed) -> None:
    assert go_on(BOB, ANN, (), occasion, judge) is None
    found = go_on(ANN, BOB, (), occasion, judge)
    assert isinstance(found, PlayService)
    assert (found.argument, found.missed, found.payer) == ("102@a.example", missed, BOB)
    busy = replace(BOB, calling=replace(BOB.calling, **{f"forward_{occasion.value}": "999"}))
    assert isinstance(go_on(ANN, busy, (), occasion, judge), Refuse)


@pytest.mark.parametrize(
    ("pin", "rules"),
    [
        ("804159", []),
        ("80415", ["pin.length"]),
        ("80415926537", ["pin.length"]),
        ("804111", ["pin.pattern"]),
        ("012804", ["pin.pattern"]),
        ("789048", ["pin.pattern"]),
        ("987048", ["pin.pattern"]),
        ("810148", ["pin.own_number"]),
        ("80415x", ["pin.digits"]),
        ("８０４１５９", ["pin.digits"]),
        ("", ["pin.digits"]),
    ],
)
def test_pins_follow_the_rules(pin: str, rules: list[str]) -> None:
    """6 to 10 digits, no repeats ("111"), no sequences ("012", "789"), not the own number."""
    assert [problem.rule for problem in pin_problems(pin, ("1014", "101"))] == rules
