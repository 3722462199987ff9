"""Forwards and do not disturb: every step is judged as a call of whoever forwarded (attack cases 37, 41, 112)."""

from dataclasses import replace

import pytest

from ringfence.policy.book import Book, Role, Subscriber, Tenant
from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.forwarding import MOST_FORWARDS, Attempt, Occasion, follow, go_on, occasion_of, redirected
from ringfence.policy.calls.ringlist import after_list
from ringfence.policy.index import build_index
from ringfence.policy.model import Refuse, Request, RingExtension, RingList, Verdict
from ringfence.policy.outgoing.callplan import EmergencyPlan, Settings, decode_plan, encode_plan
from ringfence.policy.outgoing.numberplan import World
from ringfence.policy.outgoing.outside import Exchange
from ringfence.policy.routing import judge_with, route

PREMIUM = "0900123456"
ANN = Subscriber("101@a.example", 1, 1, "traveller", True, "Ann", "h", "h")
INDEX = build_index(
    Book(
        tenants=(Tenant(1, "A", "a.example"),),
        roles=(
            Role("staff", True, False, False),
            Role("traveller", True, True, True),
            Role("mute", False, False, False),
        ),
    )
)


def house(**callings: Calling) -> dict[str, Subscriber]:
    """Extensions 101 to 120 of one tenant, all internal-only but Ann; `x102=Calling(...)` sets one."""
    people = {ANN.aor: ANN}
    for number in range(102, 121):
        person = replace(ANN, aor=f"{number}@a.example", user_id=number, role="staff")
        people[person.aor] = replace(person, calling=callings.get(f"x{number}", Calling()))
    return people


def dial(number: str, people: dict[str, Subscriber], caller: Subscriber = ANN) -> Verdict:
    return follow(Attempt(caller, caller, number), judge_with(INDEX, people.get))


def test_a_call_without_forwards_is_paid_by_the_caller() -> None:
    verdict = dial("102", house())
    assert isinstance(verdict, RingExtension)
    assert (verdict.aor, verdict.payer, verdict.path) == ("102@a.example", ANN, ())


def test_a_forward_is_paid_by_the_forwarder_and_shows_the_caller() -> None:
    verdict = dial("102", house(x102=Calling(forward_always="103")))
    assert isinstance(verdict, RingExtension)
    assert (verdict.aor, verdict.caller.aor, verdict.payer.aor) == ("103@a.example", ANN.aor, "102@a.example")
    assert verdict.path == ("102@a.example",)


def test_a_forward_outside_is_judged_with_the_forwarders_role_not_the_callers() -> None:
    """Attack case 112: Ann may call everywhere, 102 may not (any more)."""
    verdict = dial("102", house(x102=Calling(forward_always=PREMIUM)))
    assert verdict == Refuse("outbound.national", 480, "Temporarily Unavailable", "102@a.example")


def test_a_forwarder_who_may_not_call_inside_forwards_nowhere() -> None:
    people = house(x102=Calling(forward_always="103"))
    people["102@a.example"] = replace(people["102@a.example"], role="mute")
    verdict = dial("102", people)
    assert (verdict.rule, getattr(verdict, "code", 0)) == ("route.internal_calls", 480)


def test_two_that_forward_to_each_other_end_the_call() -> None:
    """Attack case 41."""
    verdict = dial("102", house(x102=Calling(forward_always="103"), x103=Calling(forward_always="102")))
    assert (verdict.rule, getattr(verdict, "code", 0)) == ("forward.loop", 482)


@pytest.mark.parametrize(("length", "ends"), [(MOST_FORWARDS, False), (MOST_FORWARDS + 1, True)])
def test_a_chain_of_forwards_has_an_end(length: int, ends: bool) -> None:
    chain = {f"x{102 + step}": Calling(forward_always=str(103 + step)) for step in range(length)}
    verdict = dial("102", house(**chain))
    assert (verdict.rule == "forward.hops") is ends


def test_nothing_is_forwarded_to_the_emergency_services_by_itself() -> None:
    """RFC 6881: neither by a setting, nor a phone's 302, nor a ring group. Who transfers somebody there wants it."""
    people = house(x102=Calling(forward_always="112"), x103=Calling(forward_always="102"))
    plan = decode_plan(encode_plan(Settings(emergency=EmergencyPlan(("112",))), []), World())
    judge = judge_with(INDEX, people.get, lambda tenant: Exchange(plan, 0.0))
    found = [follow(Attempt(ANN, ANN, number), judge) for number in ("102", "103")]
    found.append(redirected(ANN, people["104@a.example"], (), "112", judge))
    found.append(after_list(RingList("", "group:7", ANN, people["104@a.example"], (), "112"), judge))
    assert {(one.rule, getattr(one, "code", 0)) for one in found} == {("forward.emergency", 480)}
    assert judge(ANN, people["104@a.example"], "112").rule == "outbound.emergency"


@pytest.mark.parametrize(("dialled", "rule"), [("*72112", "forward.emergency"), ("*72103", "code.forward")])
def test_a_phone_is_not_told_that_it_forwards_to_the_emergency_services(dialled: str, rule: str) -> None:
    """It heard "On", and the portal set nothing."""
    plan = decode_plan(encode_plan(Settings(emergency=EmergencyPlan(("112",))), []), World())
    uri, whom = f"sip:{dialled}@a.example", ("101", "a.example", dialled, "a.example")
    request = Request("INVITE", dialled, "a.example", uri, *whom, "192.0.2.1", "Phone", caller=ANN)
    assert route(request, INDEX, house().get, lambda tenant: Exchange(plan, 0.0)).rule == rule


def test_do_not_disturb_is_busy_or_the_forward_while_busy() -> None:
    verdict = dial("102", house(x102=Calling(do_not_disturb=True)))
    assert (verdict.rule, getattr(verdict, "code", 0)) == ("forward.do_not_disturb", 486)
    forwarded = dial("102", house(x102=Calling(do_not_disturb=True, forward_busy="104")))
    assert getattr(forwarded, "aor", "") == "104@a.example"


@pytest.mark.parametrize(
    ("occasion", "calling"),
    [
        (Occasion.BUSY, Calling(forward_busy="103")),
        (Occasion.NO_ANSWER, Calling(forward_no_answer="103")),
        (Occasion.OFFLINE, Calling(forward_offline="103")),
        (Occasion.ALWAYS, Calling(forward_always="103")),
    ],
)
def test_each_occasion_has_its_own_forward(occasion: Occasion, calling: Calling) -> None:
    people = house(x102=calling)
    judge = judge_with(INDEX, people.get)
    for asked in Occasion:
        verdict = go_on(ANN, people["102@a.example"], (), asked, judge)
        assert (verdict is not None) is (asked is occasion)


def test_a_redirection_of_a_phone_is_the_phones_own_call() -> None:
    """Attack case 37: 302 to a premium number, with the callee's rights; its loops end too."""
    people = house()
    judge = judge_with(INDEX, people.get)
    refused = redirected(ANN, people["102@a.example"], (), PREMIUM, judge)
    assert getattr(refused, "payer", "") == "102@a.example"
    loop = redirected(ANN, people["102@a.example"], ("103@a.example",), "103", judge)
    assert loop.rule == "forward.loop"
    far = redirected(ANN, people["102@a.example"], tuple("abcde"), "104", judge)
    assert far.rule == "forward.hops"


@pytest.mark.parametrize(
    ("code", "heard", "occasion"),
    [
        (486, True, Occasion.BUSY), (600, True, Occasion.BUSY), (603, True, Occasion.BUSY),
        (480, True, Occasion.NO_ANSWER), (408, True, Occasion.NO_ANSWER), (408, False, Occasion.OFFLINE),
        (503, True, Occasion.OFFLINE), (404, True, None), (401, True, None), (500, True, None),
    ],
)  # fmt: skip
def test_what_an_answer_means(code: int, heard: bool, occasion: Occasion | None) -> None:
    assert occasion_of(code, heard=heard) is occasion
