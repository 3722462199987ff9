"""The password rules (reference: "Password and Login Security"); given SIP secrets must pass them too."""

import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from ringfence.policy.settings import Problem

SHORTEST: Final = 8
LONGEST: Final = 32
SEQUENCE_RUN: Final = 4
REPEAT_RUN: Final = 3
ACCOUNT_FRAGMENT: Final = 4
"""Shorter account words are ignored, or extension 101 and the name "Al" would forbid nearly everything."""

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "0123456789"
_UPPERCASE: Final = _LETTERS.upper()


def check_password(password: str, account: Iterable[str] = (), *, field: str = "password") -> tuple[Problem, ...]:
    """Every rule of the reference that this password breaks; empty when it may be used.

    `account` holds what others know about the owner: login, names, extension, phone number, e-mail address.

    >>> check_password("correct-Horse7")
    ()
    >>> [problem.rule for problem in check_password("admin")]
    ['password.length', 'password.number', 'password.uppercase_or_special']
    """
    text = unicodedata.normalize("NFC", password)
    broken = (
        _length(text),
        _letter(text),
        _number(text),
        _uppercase_or_special(text),
        _sequence(text),
        _repeat(text),
        _account(text, account),
    )
    return tuple(Problem(field, rule, message) for rule, message in filter(None, broken))


def normalized(password: str) -> str:
    """The form that is hashed: the same characters typed on another keyboard give the same password."""
    return unicodedata.normalize("NFC", password)


def _length(text: str) -> tuple[str, str] | None:
    if SHORTEST <= len(text) <= LONGEST:
        return None
    return "password.length", f"The password has {len(text)} characters; it must have {SHORTEST} to {LONGEST}."


def _letter(text: str) -> tuple[str, str] | None:
    if any(char in _LETTERS or char in _UPPERCASE for char in text):
        return None
    return "password.letter", "The password needs at least one Latin letter (a to z)."


def _number(text: str) -> tuple[str, str] | None:
    if any(char in _DIGITS for char in text):
        return None
    return "password.number", "The password needs at least one number (0 to 9)."


def _uppercase_or_special(text: str) -> tuple[str, str] | None:
    if any(char in _UPPERCASE or not char.isalnum() for char in text):
        return None
    return (
        "password.uppercase_or_special",
        "The password needs one uppercase letter or one special character such as ! @ $ #.",
    )


def _sequence(text: str) -> tuple[str, str] | None:
    up = down = 1
    lowered = text.lower()
    for index, (left, right) in enumerate(pairwise(lowered)):
        step = _step(left, right)
        up = up + 1 if step == 1 else 1
        down = down + 1 if step == -1 else 1
        if SEQUENCE_RUN in (up, down):
            found = lowered[index + 2 - SEQUENCE_RUN : index + 2]
            message = f"The password holds the sequence “{found}”; no {SEQUENCE_RUN} characters may follow each other."
            return "password.sequence", message
    return None


def _step(left: str, right: str) -> int:
    """How `right` follows `left`: 1 next, -1 previous, 0 neither. After 9 comes 0; after z nothing."""
    if left in _DIGITS and right in _DIGITS:
        return {1: 1, 9: -1}.get((int(right) - int(left)) % 10, 0)
    if left in _LETTERS and right in _LETTERS:
        difference = ord(right) - ord(left)
        return difference if difference in (1, -1) else 0
    return 0


def _repeat(text: str) -> tuple[str, str] | None:
    run = 1
    for left, right in pairwise(text.lower()):
        run = run + 1 if left == right else 1
        if run == REPEAT_RUN:
            return "password.repeat", f"The password repeats “{right}” {REPEAT_RUN} times in a row (capital or not)."
    return None


def _account(text: str, account: Iterable[str]) -> tuple[str, str] | None:
    lowered = text.casefold()
    for fragment in sorted(account_fragments(account), key=lambda item: (-len(item), item)):
        if fragment in lowered:
            return "password.account", f"The password holds “{fragment}”, which is part of the account's information."
    return None


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
