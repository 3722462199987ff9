"""How many calls may be up at once (reference: "Maximum Concurrent Call Limits"; attack cases 110 and 113)."""

from dataclasses import replace

import pytest

from ringfence.engines.system import Limits
from ringfence.policy.book import Subscriber, Tenant
from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.limits import (
    CARRIED,
    CAUSES,
    MOST_CARRIED,
    MOST_MADE,
    OF_RELAY,
    CallFacts,
    Extent,
    counters,
    over,
    suspendable,
)

ANN = Subscriber("101@a.example", 3, 1, "Standard User", True, "Ann", "x", "y", calling=Calling(max_calls=2))
BOB = Subscriber("102@a.example", 3, 2, "Standard User", True, "Bob", "x", "y", calling=Calling(max_calls=0))
TENANT = Tenant(3, "A", "a.example", max_calls=20)


def keys(call: CallFacts) -> list[str]:
    return [counter.key for counter in counters(call)]


def test_a_call_inside_counts_for_both_extensions_and_once_for_the_tenant() -> None:
    extensions = ["extension:101@a.example", "extension:102@a.example"]
    assert keys(CallFacts(TENANT, ANN, BOB)) == [*extensions, "tenant:3", "relay"]


def test_a_call_to_oneself_counts_once() -> None:
    assert keys(CallFacts(TENANT, ANN, ANN)) == ["extension:101@a.example", "tenant:3", "relay"]


def test_a_call_outside_counts_for_the_trunk_in_all_and_of_this_tenant() -> None:
    found = {counter.key: counter.limit for counter in counters(CallFacts(TENANT, ANN, trunk=Extent(5, 30, 10)))}
    lines = {"extension:101@a.example": 2, "trunk:5:tenant:3": 10, "trunk:5": 30, "tenant:3": 20}
    assert found == {**lines, "relay": MOST_CARRIED}


@pytest.mark.parametrize(("calls", "fits"), [(1, True), (2, True), (3, False)])
def test_the_limit_itself_still_fits(calls: int, fits: bool) -> None:
    own = counters(CallFacts(TENANT, ANN))[0]
    assert (over(own, calls, emergency=False) is None) is fits


def test_no_limit_takes_any_number() -> None:
    own = counters(CallFacts(replace(TENANT, max_calls=None)))[0]
    assert over(own, 10**9, emergency=False) is None


def test_an_emergency_call_always_finds_a_channel() -> None:
    for counter in counters(CallFacts(replace(TENANT, max_calls=0), BOB, trunk=Extent(5, 0, 0))):
        assert over(counter, 1, emergency=True) is None


def test_the_relay_carries_a_call_for_help_when_all_other_calls_have_their_room() -> None:
    """Issue 5, "Limits"; attack cases 81 and 113. The two numbers are one number: the relay refuses without asking."""
    relay = next(one for one in counters(CallFacts(TENANT, ANN, BOB)) if one.key == OF_RELAY)
    assert over(relay, MOST_CARRIED, emergency=False) is None
    refused = over(relay, MOST_CARRIED + 1, emergency=False)
    assert refused is not None
    assert (refused.rule, refused.code) == ("limits.relay", 480)
    assert over(relay, MOST_CARRIED + 1, emergency=True) is None
    assert Limits().media_sessions == CARRIED > MOST_CARRIED


def test_an_extension_without_a_limit_makes_as_many_calls_as_a_person_could_and_takes_all_that_come() -> None:
    """Nobody who learns one password takes everybody the lines; a call centre is rung by all who call it."""
    eve = replace(ANN, calling=Calling())
    of_caller, of_callee, of_payer = (
        next(one for one in counters(call) if one.key == "extension:101@a.example")
        for call in (CallFacts(TENANT, eve), CallFacts(TENANT, None, eve), CallFacts(TENANT, BOB, None, payer=eve))
    )
    assert over(of_caller, MOST_MADE, emergency=False) is None
    assert over(of_caller, MOST_MADE + 1, emergency=False) is not None
    assert over(of_caller, MOST_MADE + 1, emergency=True) is None
    assert over(of_callee, 10**6, emergency=False) is None
    assert over(of_payer, 10**6, emergency=False) is None
    more = replace(eve, calling=Calling(max_calls=MOST_MADE + 1))
    assert over(counters(CallFacts(TENANT, more))[0], MOST_MADE + 1, emergency=False) is None


def test_who_is_called_is_busy_and_who_may_not_call_at_all_hears_so() -> None:
    """0 is a limit like any other, but it will not get better by waiting: 403 instead of 480."""
    found = {counter.key: counter.full for counter in counters(CallFacts(TENANT, BOB, ANN))}
    assert (found["extension:101@a.example"].code, found["extension:102@a.example"].code) == (486, 403)
    assert counters(CallFacts(TENANT, ANN))[0].full.code == 480


def test_no_refusal_is_a_503_and_each_has_a_cause() -> None:
    """RFC 3261 section 21.5.4: a phone would take the whole system for broken."""
    shut = replace(TENANT, max_calls=0)
    every = [
        *counters(CallFacts(TENANT, ANN, BOB, Extent(1, 1, 1))),
        *counters(CallFacts(shut, BOB, ANN, Extent(1, 0, 0))),
        *counters(CallFacts(TENANT, circle="circle:101@a.example:+49:+43@a.example")),
    ]
    codes = {counter.full.code for counter in every}
    assert codes == set(CAUSES)
    assert 503 not in codes


def test_only_calls_outside_can_be_suspended_and_never_an_emergency_call() -> None:
    outside = CallFacts(TENANT, ANN, trunk=Extent(5), suspendable=True)
    assert suspendable(outside) == ("tenant:3", "extension:101@a.example", "trunk:5")
    assert suspendable(outside._replace(emergency=True)) == ()
    assert suspendable(CallFacts(TENANT, ANN, BOB)) == ()
    assert suspendable(CallFacts(TENANT, suspendable=True)) == ("tenant:3",)
