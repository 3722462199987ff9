"""Feature codes ask for the caller's own settings, or for calls of the own tenant (attack case 40)."""

from dataclasses import replace
from typing import Any

import pytest

from ringfence.policy.book import RingGroup
from ringfence.policy.model import PickUp, Refuse, SetCalling, Unpark
from ringfence.policy.outgoing.codes import feature
from tests.unit.policy.test_forwarding import ANN, INDEX, house

GROUPED = replace(ANN, groups=(4, 9))


@pytest.mark.parametrize(
    ("dialled", "values"),
    [
        ("*78", {"do_not_disturb": True}),
        ("*79", {"do_not_disturb": False}),
        ("*73", {"forward_always": ""}),
        ("*72103", {"forward_always": "103"}),
        ("*72+49301234", {}),
        ("*72-00-49(30)1234", {"forward_always": "0049301234"}),
    ],
)
def test_settings(dialled: str, values: dict[str, object]) -> None:
    found = feature(dialled, ANN, INDEX, house().get)
    if not values:
        assert found is None
        return
    assert isinstance(found, SetCalling)
    assert (found.caller, dict(found.values)) == (ANN, values)


@pytest.mark.parametrize("dialled", ["*72", "*72101"])
def test_a_forward_needs_somewhere_else_to_go(dialled: str) -> None:
    found = feature(dialled, ANN, INDEX, house().get)
    assert isinstance(found, Refuse)
    assert found.code == 484


@pytest.mark.parametrize(
    ("dialled", "is_set"), [("*72999", False), ("*72600", True), ("*720999", True), ("*7209", True)]
)
def test_a_forward_that_looks_like_an_extension_goes_to_one(dialled: str, is_set: bool) -> None:
    """The phone heard "On", and the page refused it a moment later."""
    there: dict[str, Any] = {"600@a.example": RingGroup(1, "600@a.example", "Team")}
    found = feature(dialled, ANN, replace(INDEX, answering=there), house().get)
    assert found == Refuse("code.nobody", 404, "Not Found") or is_set
    assert isinstance(found, SetCalling) is is_set


def test_pick_up_is_for_an_extension_or_for_the_own_groups() -> None:
    found = feature("*8103", ANN, INDEX, house().get)
    assert isinstance(found, PickUp)
    assert found.keys == ("103@a.example",)
    group = feature("*8", GROUPED, INDEX, house().get)
    assert isinstance(group, PickUp)
    assert group.keys == ("group:1:4", "group:1:9")
    assert feature("*8", replace(GROUPED, tenant_id=2), INDEX, house().get) != group


def test_pick_up_has_its_limits() -> None:
    nobody = feature("*8999", ANN, INDEX, house().get)
    mute = feature("*8103", replace(ANN, role="mute"), INDEX, house().get)
    assert [item.rule for item in (nobody, mute) if isinstance(item, Refuse)] == ["code.nobody", "route.internal_calls"]


def test_a_parked_call_is_fetched_from_an_extension_or_from_the_own() -> None:
    assert feature("*71103", ANN, INDEX, house().get) == Unpark("code.unpark", ANN, "103@a.example")
    assert feature("*71", ANN, INDEX, house().get) == Unpark("code.unpark", ANN, ANN.aor)
    nobody = feature("*71999", ANN, INDEX, house().get)
    mute = feature("*71103", replace(ANN, role="mute"), INDEX, house().get)
    assert [item.rule for item in (nobody, mute) if isinstance(item, Refuse)] == ["code.nobody", "route.internal_calls"]


@pytest.mark.parametrize("dialled", ["103", "*97", "*99103", "*43", "", "ann", "+4930", "*80", "*8*"])
def test_everything_else_is_a_call(dialled: str) -> None:
    assert feature(dialled, ANN, INDEX, house().get) is None
