"""The password rules (reference: "Password and Login Security"); given SIP secrets must pass them too.

docs/passwords.md settles the edge cases.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import pairwise
from typing import Any, Final

from ringfence.policy.settings import Problem

SEQUENCE_RUN: Final = 4
REPEAT_RUN: Final = 3
ACCOUNT_FRAGMENT: Final = 4
"""Shorter account words are ignored, or extension 101 and the name "Al" would forbid nearly everything."""

LONGEST_LOW: Final = 24
"""No policy may forbid a generated SIP secret of 24 characters."""

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "0123456789"
_UPPERCASE: Final = _LETTERS.upper()


@dataclass(frozen=True, slots=True)
class Range:
    """What a number of the policy may be; a switch has none."""

    label: str
    low: int = 0
    high: int = 0


def _rule(default: int | bool, label: str, low: int = 0, high: int = 0) -> Any:
    return field(default=default, metadata={"range": Range(label, low, high)})


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """Each rule can be switched by tenant. The defaults are the reference's list; `common` is on top of it."""

    shortest: int = _rule(8, "Shortest password", 8, 64)
    shortest_with_second_factor: int = _rule(8, "Shortest password beside a second factor", 8, 64)
    longest: int = _rule(32, "Longest password", LONGEST_LOW, 256)
    letter: bool = _rule(True, "At least one letter (a to z)")
    number: bool = _rule(True, "At least one number (0 to 9)")
    uppercase_or_special: bool = _rule(True, "One uppercase letter or a special character")
    sequence: bool = _rule(True, "No sequential characters (1234, 7890, Abcd)")
    repeat: bool = _rule(True, "No repeating characters (222, Aaa, ###)")
    account: bool = _rule(True, "No account information")
    common: bool = _rule(True, "No well-known password")

    def beside_second_factor(self) -> "PasswordPolicy":
        """The same policy for somebody who needs more than the password to get in."""
        return replace(self, shortest=self.shortest_with_second_factor)


REFERENCE: Final = PasswordPolicy()
NIST: Final = PasswordPolicy(
    shortest=15,
    shortest_with_second_factor=8,
    longest=256,
    letter=False,
    number=False,
    uppercase_or_special=False,
    sequence=False,
    repeat=False,
)
"""NIST SP 800-63B-4, 3.1.1.2: length and a blocklist, which holds the account's own words; no composition rules."""

READY_MADE: Final[Mapping[str, PasswordPolicy]] = {"reference": REFERENCE, "nist-800-63b-4": NIST}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A password that somebody wants, and what it is measured with."""

    text: str
    account: tuple[str, ...]
    policy: PasswordPolicy
    is_common: Callable[[str], bool]


type Test = Callable[[Candidate], str | None]


def nothing_is_common(_: str) -> bool:
    return False


def check_password(
    password: str,
    account: Iterable[str] = (),
    *,
    policy: PasswordPolicy = REFERENCE,
    is_common: Callable[[str], bool] = nothing_is_common,
    field: str = "password",
) -> tuple[Problem, ...]:
    """Every rule of the policy that this password breaks; empty when it may be used.

    `account` holds what others know about the owner: login, names, extension, phone number, e-mail address.

    >>> check_password("correct-Horse7")
    ()
    >>> [problem.rule for problem in check_password("admin")]
    ['password.length', 'password.number', 'password.uppercase_or_special']
    >>> check_password("a long walk to the sea", policy=NIST)
    ()
    """
    candidate = Candidate(normalized(password), tuple(account), policy, is_common)
    found = ((name, test(candidate)) for name, test, _ in _RULES if _is_on(policy, name))
    return tuple(Problem(field, f"password.{name}", message) for name, message in found if message)


def rules_of(policy: PasswordPolicy) -> tuple[tuple[str, str], ...]:
    """The rules that are on, each with its id and a sentence, in the order in which they are checked."""
    return tuple((f"password.{name}", sentence(policy)) for name, _, sentence in _RULES if _is_on(policy, name))


def _is_on(policy: PasswordPolicy, name: str) -> bool:
    return name == "length" or bool(getattr(policy, name))


def range_of(name: str) -> Range:
    """Raises KeyError for an unknown name."""
    for item in fields(PasswordPolicy):
        if item.name == name:
            found: Range = item.metadata["range"]
            return found
    raise KeyError(name)


def policy_names() -> tuple[str, ...]:
    return tuple(item.name for item in fields(PasswordPolicy))


def policy_of(stored: Mapping[str, Any]) -> PasswordPolicy:
    """A policy from what a tenant stored; what is not stored has its default."""
    return PasswordPolicy(**{name: stored[name] for name in policy_names() if name in stored})


def check_policy(values: Mapping[str, Any]) -> tuple[Problem, ...]:
    """All reasons to refuse these values of a policy; what is left out has its default.

    >>> [problem.rule for problem in check_policy({"longest": 12})]
    ['password_policy.range']
    """
    problems = tuple(problem for name, value in values.items() if (problem := _policy_problem(name, value)))
    if problems:
        return problems
    policy = policy_of(values)
    for name in ("shortest", "shortest_with_second_factor"):
        if getattr(policy, name) > policy.longest:
            message = f"{range_of(name).label} is above the longest: no password could pass."
            return (Problem(name, "password_policy.unreachable", message),)
    return ()


def _policy_problem(name: str, value: Any) -> Problem | None:
    if name not in policy_names():
        return Problem(name, "password_policy.unknown", f"The password policy has no rule named {name!r}.")
    limits = range_of(name)
    if limits.high == 0:
        is_switch = isinstance(value, bool)
        return None if is_switch else Problem(name, "password_policy.switch", f"{limits.label}: true or false.")
    if isinstance(value, int) and not isinstance(value, bool) and limits.low <= value <= limits.high:
        return None
    message = f"{limits.label} must be {limits.low} to {limits.high} characters."
    return Problem(name, "password_policy.range", message)


def policy_values(policy: PasswordPolicy) -> dict[str, Any]:
    return asdict(policy)


def normalized(password: str) -> str:
    """The form that is hashed: the same characters typed on another keyboard give the same password."""
    return unicodedata.normalize("NFC", password)


def _length(candidate: Candidate) -> str | None:
    length, policy = len(candidate.text), candidate.policy
    if policy.shortest <= length <= policy.longest:
        return None
    return f"The password has {length} characters; it must have {policy.shortest} to {policy.longest}."


def _letter(candidate: Candidate) -> str | None:
    if any(char in _LETTERS or char in _UPPERCASE for char in candidate.text):
        return None
    return "The password needs at least one Latin letter (a to z)."


def _number(candidate: Candidate) -> str | None:
    if any(char in _DIGITS for char in candidate.text):
        return None
    return "The password needs at least one number (0 to 9)."


def _uppercase_or_special(candidate: Candidate) -> str | None:
    if any(char in _UPPERCASE or _is_special(char) for char in candidate.text):
        return None
    return "The password needs one uppercase letter or one special character such as ! @ $ #."


def _is_special(char: str) -> bool:
    """A blank is special; an accent that has no letter of its own belongs to the letter before it."""
    return not char.isalnum() and not unicodedata.combining(char)


def _sequence(candidate: Candidate) -> str | None:
    up = down = 1
    lowered = candidate.text.lower()
    for index, (left, right) in enumerate(pairwise(lowered)):
        step = _step(left, right)
        up = up + 1 if step == 1 else 1
        down = down + 1 if step == -1 else 1
        if SEQUENCE_RUN in (up, down):
            found = lowered[index + 2 - SEQUENCE_RUN : index + 2]
            return f"The password holds the sequence “{found}”; no {SEQUENCE_RUN} characters may follow each other."
    return None


def _step(left: str, right: str) -> int:
    """How `right` follows `left`: 1 next, -1 previous, 0 neither. After 9 comes 0; after z nothing."""
    if left in _DIGITS and right in _DIGITS:
        return {1: 1, 9: -1}.get((int(right) - int(left)) % 10, 0)
    if left in _LETTERS and right in _LETTERS:
        difference = ord(right) - ord(left)
        return difference if difference in (1, -1) else 0
    return 0


def _repeat(candidate: Candidate) -> str | None:
    run = 1
    for left, right in pairwise(candidate.text.lower()):
        run = run + 1 if left == right else 1
        if run == REPEAT_RUN:
            return f"The password repeats “{right}” {REPEAT_RUN} times in a row (capital or not)."
    return None


def _account(candidate: Candidate) -> str | None:
    lowered = candidate.text.casefold()
    for fragment in sorted(account_fragments(candidate.account), key=lambda item: (-len(item), item)):
        if fragment in lowered:
            return f"The password holds “{fragment}”, which is part of the account's information."
    return None


def _common(candidate: Candidate) -> str | None:
    if not candidate.is_common(candidate.text):
        return None
    return "The password is on the list of well-known passwords; attackers try those first."


def account_fragments(account: Iterable[str]) -> frozenset[str]:
    """The words of the account's information that no password may hold.

    >>> sorted(account_fragments(["Ann Miller", "101", "+49 30 1234567", "ann.miller@example.com"]))
    ['1234567', '49301234567', 'ann.miller', 'example', 'miller']
    """
    found: set[str] = set()
    for item in account:
        lowered = unicodedata.normalize("NFC", item).casefold().strip()
        words = "".join(char if char.isalnum() else " " for char in lowered).split()
        found.update(words)
        if "@" in lowered:
            found.add(lowered.partition("@")[0])
        if lowered.strip("+0123456789 ()-./") == "":
            found.add("".join(words))
    return frozenset(word for word in found if len(word) >= ACCOUNT_FRAGMENT)


_RULES: Final[tuple[tuple[str, Test, Callable[[PasswordPolicy], str]], ...]] = (
    ("length", _length, lambda policy: f"{policy.shortest} to {policy.longest} characters"),
    ("letter", _letter, lambda _: "at least one letter (a–z)"),
    ("number", _number, lambda _: "at least one number (0–9)"),
    ("uppercase_or_special", _uppercase_or_special, lambda _: "one uppercase letter or special character"),
    ("sequence", _sequence, lambda _: "no sequence such as 1234, 7890, Abcd"),
    ("repeat", _repeat, lambda _: "no repetition such as 222, Aaa, ###"),
    ("account", _account, lambda _: "nothing of your account’s information"),
    ("common", _common, lambda _: "no well-known password"),
)
"""Name, test and sentence of each rule, in the order in which they are checked."""
