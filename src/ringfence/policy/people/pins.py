"""Rules of a voicemail PIN: what is typed on a telephone's keys, so length and pattern are all that can protect it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ringfence.policy.settings import Problem

SHORTEST, LONGEST = 6, 10
RUN: Final = 3
"""So many equal or consecutive digits make a pattern: 111, 012, 987."""

_STEPS: Final = {0: "repeats a digit", 1: "counts upwards", -1: "counts downwards"}


@dataclass(frozen=True, slots=True)
class PinRules:
    """What a tenant asks of PINs: the least number of digits (6 to 10), and which of the other rules hold."""

    shortest: int = SHORTEST
    no_pattern: bool = True
    no_own_number: bool = True


def pin_problems(
    pin: str, own_numbers: tuple[str, ...] = (), rules: PinRules = PinRules(), field: str = "pin"
) -> list[Problem]:
    """Every rule that a PIN breaks: 6 to 10 digits, no repeats ("111"), no sequences ("012", "789"), not the extension.

    >>> [problem.rule for problem in pin_problems("112233")], [problem.rule for problem in pin_problems("80123")]
    ([], ['pin.length', 'pin.pattern'])
    """
    found = []
    if not (pin.isascii() and pin.isdigit()):
        return [Problem(field, "pin.digits", "A PIN consists of the digits 0 to 9.")]
    if not rules.shortest <= len(pin) <= LONGEST:
        found.append(
            Problem(field, "pin.length", f"A PIN has {rules.shortest} to {LONGEST} digits; this one has {len(pin)}.")
        )
    if rules.no_pattern and (pattern := _pattern(pin)):
        found.append(Problem(field, "pin.pattern", f"A PIN must not hold a pattern; {pattern}."))
    if rules.no_own_number and any(len(number) >= RUN and number in pin for number in own_numbers):
        found.append(Problem(field, "pin.own_number", "A PIN must not hold the number of the extension."))
    return found


def _pattern(pin: str) -> str:
    for start in range(len(pin) - RUN + 1):
        part = pin[start : start + RUN]
        steps = {int(after) - int(before) for before, after in pairwise(part)}
        if len(steps) == 1 and (step := steps.pop()) in _STEPS:
            return f"{part} {_STEPS[step]}"
    return ""
