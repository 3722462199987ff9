"""The password rules, one row per case of the reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.passwords import check_password

CASES = [
    ("password1!", ()),
    ("PASSWORD1", ()),
    ("Grüße-aus-7", ()),
    ("admin", ("length", "number", "uppercase_or_special")),
    ("abcx9!7", ("length",)),
    ("A1" * 17, ("length",)),
    ("ÄÖÜ-7!xß", ()),
    ("4711-2957!", ("letter",)),
    ("correct-Horse", ("number",)),
    ("lowercase7", ("uppercase_or_special",)),
    ("x1234!zqwK", ("sequence",)),
    ("xx7890!zqwK", ("sequence",)),
    ("xx0987!zqwK", ("sequence",)),
    ("xx4321!zqwK", ("sequence",)),
    ("zzAbcd!z1q", ("sequence",)),
    ("zzdCbA!z1q", ("sequence",)),
    ("x123!zqwK7", ()),
    ("xyza!7Qwrt", ()),
    ("x222!zqwK7", ("repeat",)),
    ("Aaa!zqwK7z", ("repeat",)),
    ("###zqwK7zx", ("repeat",)),
    ("aa!zqwK7zx", ()),
    ("Miller!7qx", ("account",)),
    ("mILLER!7qx", ("account",)),
    ("101!Zqwx7r", ()),
    ("x49555888!qK", ("account", "repeat")),
]


@pytest.mark.parametrize(("password", "broken"), CASES)
def test_exactly_these_rules_are_broken(password: str, broken: tuple[str, ...]) -> None:
    problems = check_password(password, ["Al Miller", "101", "+49 555 888"])
    assert {problem.rule.removeprefix("password.") for problem in problems} == set(broken)


def test_composed_and_decomposed_letters_count_as_one_character() -> None:
    assert check_password("u\u0308" * 2 + "abX7!q") == check_password("\u00fc" * 2 + "abX7!q")


@given(st.text(max_size=40))
def test_no_input_makes_the_check_fail_and_accepted_passwords_have_the_right_length(text: str) -> None:
    if not check_password(text):
        assert len(text) > 7


@given(st.sampled_from("abcdefghijklmnopqrstuvw"), st.booleans())
def test_every_four_letters_in_a_row_are_a_sequence(first: str, upper: bool) -> None:
    run = "".join(chr(ord(first) + step) for step in range(4))
    password = "zq7!" + (run.upper() if upper else run) + "!K"
    assert "password.sequence" in {problem.rule for problem in check_password(password)}
