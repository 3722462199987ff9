"""Guessing below every limit is told of (reference: brute-force attempts targeting extension numbers and passwords)."""

from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.offenders.antihacking import Failure
from ringfence.policy.offenders.patience import (
    MOST,
    SLOW_SECONDS,
    SPACING,
    SPREAD_SECONDS,
    Finding,
    PatientGuessing,
    Pattern,
)

ACCOUNT = "101@acme.example"
SOURCE = "192.0.2.66"


def spread(guessing: PatientGuessing, count: int, apart: float = 60.0, first: int = 0) -> list[Finding]:
    """So many addresses fail once each at one account."""
    return [
        finding
        for number in range(first, first + count)
        for finding in guessing.count(Failure(number * apart, f"192.0.2.{number}", ACCOUNT))
    ]


def slow(guessing: PatientGuessing, count: int, apart: float) -> list[Finding]:
    """One address fails once each at so many accounts."""
    return [
        finding
        for number in range(count)
        for finding in guessing.count(Failure(number * apart, SOURCE, f"{100 + number}@acme.example"))
    ]


def test_one_account_tried_from_many_addresses_is_told_of_once() -> None:
    guessing = PatientGuessing()
    assert spread(guessing, MOST - 1) == []
    assert spread(guessing, 1, first=MOST - 1) == [Finding(Pattern.SPREAD, ACCOUNT, MOST, SPREAD_SECONDS)]
    assert spread(guessing, 1, first=MOST) == []


def test_addresses_that_come_in_the_course_of_days_are_no_attack() -> None:
    assert spread(PatientGuessing(), 100, apart=SPREAD_SECONDS / (MOST - 1) + 1) == []


def test_one_address_that_tries_many_accounts_slowly_is_told_of() -> None:
    assert slow(PatientGuessing(), MOST, apart=SPACING) == [Finding(Pattern.SLOW, SOURCE, MOST, SLOW_SECONDS)]


def test_who_is_quick_is_left_to_the_ordinary_limit() -> None:
    assert slow(PatientGuessing(), 50, apart=0.2) == []


def test_one_phone_with_a_wrong_password_is_no_guessing() -> None:
    guessing = PatientGuessing()
    assert [guessing.count(Failure(number * 30.0, SOURCE, ACCOUNT)) for number in range(2_880)] == [()] * 2_880


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.floats(0, 1e6)), max_size=200))
def test_memory_is_bounded(failures: list[tuple[int, int, float]]) -> None:
    guessing = PatientGuessing(most=5, max_subjects=8)
    for source, account, at in failures:
        guessing.count(Failure(at, f"192.0.2.{source}", f"{account}@acme.example"))
    for table in (guessing._sources_of, guessing._accounts_of):
        assert len(table) <= 8
        assert all(len(others) < 5 for others in table.values())
