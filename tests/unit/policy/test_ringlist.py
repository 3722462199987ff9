"""A list of extensions is rung step by step, and ends somewhere (issue: ring groups at once and in order)."""

from dataclasses import replace

from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.ringlist import after_list, decode_steps, encode_steps, free, wanted
from ringfence.policy.model import RingExtension, RingList, Step
from ringfence.policy.routing import judge_with
from tests.unit.policy.test_forwarding import ANN, INDEX, house

GROUP = RingList("ring.group", "group:7", ANN, ANN, (Step(("102@a.example", "103@a.example"), 20),), "104")


def test_whoever_cannot_or_will_not_is_left_out() -> None:
    people = house(x102=Calling(do_not_disturb=True))
    people["103@a.example"] = replace(people["103@a.example"], active=False)
    everybody = Step(("102@a.example", "103@a.example", "104@a.example", ANN.aor, "999@a.example"), 20)
    quiet = Step(("102@a.example",), 20)
    found = wanted(replace(GROUP, steps=(quiet, everybody)), people.get)
    assert found.steps == (Step(("104@a.example",), 20),)


def test_whoever_takes_no_further_call_is_left_out() -> None:
    two = replace(GROUP, steps=(Step(("102@a.example",), 20), Step(("103@a.example", "102@a.example"), 15)))
    assert free(two, lambda aor: aor == "102@a.example").steps == (Step(("103@a.example",), 15),)


def test_after_the_list_the_call_goes_on_at_the_same_payers_cost() -> None:
    verdict = after_list(GROUP, judge_with(INDEX, house().get))
    assert isinstance(verdict, RingExtension)
    assert (verdict.aor, verdict.payer, verdict.path) == ("104@a.example", ANN, ("group:7",))


def test_a_list_that_leads_back_to_itself_ends() -> None:
    judge = judge_with(INDEX, house().get)
    assert after_list(replace(GROUP, path=("group:7",)), judge).rule == "forward.loop"
    assert after_list(replace(GROUP, path=tuple("abcde")), judge).rule == "forward.loop"


def test_two_lists_that_lead_to_each_other_end() -> None:
    """Attack case 41: however a list is reached, it remembers by whom."""
    other = replace(GROUP, name="group:8", otherwise="107")
    judge = {"107": GROUP, "104": other}
    second = after_list(GROUP, lambda caller, payer, number: judge[number])
    assert isinstance(second, RingList)
    assert second.path == ("group:7",)
    assert after_list(second, lambda caller, payer, number: judge[number]).rule == "forward.loop"


def test_steps_travel_as_text() -> None:
    steps = (*GROUP.steps, Step(("104@a.example",), 15))
    assert decode_steps(encode_steps(steps)) == steps
    assert decode_steps("") == ()
