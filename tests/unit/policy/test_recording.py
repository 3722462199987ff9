"""Which calls are recorded (issue: recordings by tenant, extension, direction)."""

import pytest

from ringfence.policy.book import Book, Tenant, decode_book, encode_book
from ringfence.policy.calls.calling import Calling, decode_calling, encode_calling
from ringfence.policy.calls.recording import NOTHING, Direction, RecordingRules, Why, why_recorded

IN, OUT, INSIDE = Direction.INBOUND, Direction.OUTBOUND, Direction.INTERNAL
ALL = RecordingRules((IN, OUT, INSIDE))


@pytest.mark.parametrize(
    ("direction", "rules", "parties", "expected"),
    [
        (INSIDE, NOTHING, (None, None), None),
        (INSIDE, ALL, (None, None), Why.TENANT),
        (IN, RecordingRules((OUT,)), (None,), None),
        (IN, NOTHING, ((IN,),), Why.EXTENSION),
        (OUT, NOTHING, ((IN,),), None),
        (INSIDE, ALL, ((), None), Why.TENANT),
        (INSIDE, ALL, ((), ()), None),
        (INSIDE, NOTHING, ((), (INSIDE,)), Why.EXTENSION),
        (IN, ALL, (), Why.TENANT),
    ],
)
def test_one_party_who_wants_it_is_enough(
    direction: Direction, rules: RecordingRules, parties: tuple[tuple[Direction, ...] | None, ...], expected: Why | None
) -> None:
    """An extension's own choice stands before the tenant's; without any choice nothing is recorded."""
    assert why_recorded(direction, rules, parties) is expected


def test_a_call_of_unknown_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="sideways"):
        Direction("sideways")


def test_the_rules_travel_in_the_book_and_the_choice_in_the_record() -> None:
    rules = RecordingRules((IN,), announced=False, on_demand=True)
    book = Book(tenants=(Tenant(1, "A", "a.example", recording=rules),), default_domain="a.example")
    assert decode_book(encode_book(book)) == book
    for choice in (None, (), (IN, OUT)):
        assert decode_calling(encode_calling(Calling(recording=choice))).recording == choice
