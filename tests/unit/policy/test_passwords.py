"""The password rules, one row per case of the reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.people.passwords import (
    NIST,
    REFERENCE,
    PasswordPolicy,
    check_password,
    check_policy,
    policy_names,
    policy_of,
    policy_values,
    rules_of,
)

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
    ("xx9012!zqwK", ("sequence",)),
    ("xxyzab!Q7qw", ()),
    ("ab12!Qzx9w", ()),
    ("qwer!7Kzmp", ()),
    ("zzAbCd!z1q", ("sequence",)),
    ("aAa!zqwK7z", ("repeat",)),
    ("   zqwK7zx", ("repeat",)),
    ("blank is 7 fine", ()),
    ("٣٤٥٦zqw!Kx", ("number",)),
    ("zqwkxmvÄ7", ("uppercase_or_special",)),
    ("zqwkxmv\u0331\u03317z", ("uppercase_or_special",)),
    ("A1!" + "xy" * 14 + "z", ()),
    ("A1!" + "xy" * 15, ("length",)),
]
"""docs/passwords.md says why: run length, downwards, round the end, case, alphabets, blanks, accents, 32 and 33."""


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


def test_a_letter_of_two_code_points_counts_once() -> None:
    """Characters, not bytes, after NFC: 32 letters that have 64 code points before and 65 bytes after."""
    assert "password.length" not in {problem.rule for problem in check_password("A1!" + "u\u0308" * 29)}


BREAKS = {
    "letter": "7711-2957!",
    "number": "correct-Horse",
    "uppercase_or_special": "lowercase7",
    "sequence": "x1234!zqwK",
    "repeat": "x222!zqwK7",
    "account": "Miller!7qx",
    "common": "P@ssw0rd",
}


@pytest.mark.parametrize(("name", "password"), BREAKS.items())
def test_each_rule_can_be_switched_off_alone(name: str, password: str) -> None:
    def broken(policy: PasswordPolicy) -> set[str]:
        found = check_password(password, ["Miller"], policy=policy, is_common=lambda text: text == "P@ssw0rd")
        return {problem.rule for problem in found}

    assert f"password.{name}" in broken(REFERENCE)
    assert broken(policy_of({name: False})) == broken(REFERENCE) - {f"password.{name}"}


def test_every_rule_that_is_on_is_described_and_no_other() -> None:
    assert {rule for rule, _ in rules_of(REFERENCE)} == {"password.length", *(f"password.{name}" for name in BREAKS)}
    assert {rule for rule, _ in rules_of(NIST)} == {"password.length", "password.account", "password.common"}


@pytest.mark.parametrize(
    ("password", "second_factor", "accepted"),
    [("a long walk to the sea", False, True), ("fourteen signs", False, False), ("fourteen signs", True, True),
     ("x" * 256, False, True), ("x" * 257, False, False), ("1234567", True, False)],
)  # fmt: skip
def test_the_policy_after_nist(password: str, second_factor: bool, accepted: bool) -> None:
    """Case 91: 15 alone, 8 beside a second factor, 64 and more accepted, no composition, nothing cut off."""
    policy = NIST.beside_second_factor() if second_factor else NIST
    assert (check_password(password, policy=policy) == ()) is accepted


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"longest": 23}, "password_policy.range"),
        ({"shortest": 7}, "password_policy.range"),
        ({"shortest": True}, "password_policy.range"),
        ({"letter": 1}, "password_policy.switch"),
        ({"colour": True}, "password_policy.unknown"),
        ({"shortest": 40}, "password_policy.unreachable"),
        ({"shortest_with_second_factor": 40}, "password_policy.unreachable"),
    ],
)
def test_a_policy_that_nothing_could_keep_is_refused(values: dict[str, object], rule: str) -> None:
    assert [problem.rule for problem in check_policy(values)] == [rule]


def test_a_policy_survives_being_stored() -> None:
    assert policy_of(policy_values(NIST)) == NIST
    assert check_policy(policy_values(NIST)) == ()
    assert set(policy_values(REFERENCE)) == set(policy_names())
