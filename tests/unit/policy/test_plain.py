"""What travels as JSON comes back as the declared types, or not at all."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from ringfence.policy.plain import from_plain


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    number: int


@dataclass(frozen=True, slots=True)
class Outer:
    name: str
    inner: tuple[Inner, ...] = ()
    colour: Colour | None = None
    share: float = 0.5
    named: dict[str, int] | None = None


def test_nested_values_come_back_as_their_types() -> None:
    found = from_plain(Outer, {"name": "a", "inner": [{"number": 1}], "colour": "red", "share": 1, "named": {"b": 2}})
    assert found == Outer("a", (Inner(1),), Colour.RED, 1.0, {"b": 2})


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"name": 1},
        {"name": "a", "inner": {}},
        {"name": "a", "inner": [{"number": True}]},
        {"name": "a", "x": 1},
        {"name": "a", "colour": "blue"},
        {"name": "a", "share": "1"},
        {"name": "a", "named": {"b": "2"}},
    ],
)
def test_what_is_not_of_the_type_is_refused(value: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_plain(Outer, value)
