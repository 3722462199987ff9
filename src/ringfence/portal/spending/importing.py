"""Rates from a CSV file: every line is judged first, then all of them replace the old rates, or none do.

The first line names the columns: prefix, price, and if wanted name, fee, first, each, currency. Amounts are in the
system's currency with at most six decimals, increments in seconds. Where semicolons stand between the columns, as
spreadsheets write them in many countries, a comma may stand before the decimals.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import Any, Final

from ringfence.policy.outgoing.spend import MILLION
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import refuse
from ringfence.portal.spending.changes import rate_problems
from ringfence.portal.spending.currency import currency
from ringfence.portal.spending.models import Rate

COLUMNS: Final = ("prefix", "name", "price", "fee", "first", "each", "currency")
AMOUNTS: Final = ("price", "fee")
NEEDED: Final = frozenset({"prefix", "price"})
MOST_ROWS: Final = 1_000_000
SHOWN_PROBLEMS: Final = 100
ROWS_AT_ONCE: Final = 5_000
_DECIMAL_COMMA: Final = re.compile(r"^(\s*-?[0-9]*),([0-9]+\s*)$")


@dataclass(slots=True)
class Outcome:
    """What a file would do, or did. `problems` are the first hundred; `problem_count` counts all."""

    rows: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def complain(self, line: int, problem: Problem) -> None:
        self.problem_count += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            message = f"{problem.field}: {problem.message}"
            self.problems.append(Problem(f"line {line}", problem.rule, message))


def replace_rates(actor: Actor, lines: Iterable[str], *, dry_run: bool) -> Outcome:
    """Takes the whole file, or with a fault nothing of it. Raises Refused when it is no such file."""
    require(actor, Permission.RATES_WRITE)
    outcome, rates = Outcome(), list[Rate]()
    seen: set[str] = set()
    ours = currency()
    for number, given in _rows(lines):
        outcome.rows += 1
        if outcome.rows > MOST_ROWS:
            raise refuse("file", "import.length", f"The file has more than {MOST_ROWS} rates.")
        values, problems = _judged(given)
        if values and values["prefix"] in seen:
            problems.append(Problem("prefix", "rate.repeated", f"{values['prefix']} stands in the file twice."))
        if problem := _foreign(given, ours):
            problems.append(problem)
        for problem in problems:
            outcome.complain(number, problem)
        if not problems:
            seen.add(values["prefix"])
            rates.append(Rate(**values))
    if not outcome.rows:
        raise refuse("file", "import.empty", "The file holds no rate below its first line; all calls would be free.")
    if not dry_run and not outcome.problem_count:
        _store(actor, rates)
    return outcome


def _foreign(given: dict[str, str], ours: str) -> Problem | None:
    """Rates of another currency would be counted as if they were of ours: nothing is converted."""
    theirs = given.get("currency", "").strip().upper()
    if theirs in ("", ours):
        return None
    if not ours:
        return Problem("currency", "rate.currency", f"The rate is in {theirs}, and this system names no currency yet.")
    return Problem("currency", "rate.currency", f"The rate is in {theirs}, and the currency of this system is {ours}.")


def _store(actor: Actor, rates: list[Rate]) -> None:
    with change(actor) as draft:
        before = Rate.objects.count()
        Rate.objects.all().delete()
        Rate.objects.bulk_create(rates, batch_size=ROWS_AT_ONCE)
        draft.record("rate.imported", "", "rates", {"rates": before}, {"rates": len(rates)})
        draft.lookup("rate/")


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        rest = iter(lines)
        first = next(rest, "").removeprefix("\ufeff")
        delimiter = ";" if ";" in first and "," not in first else ","
        reader = csv.reader(chain((first,), rest), strict=True, delimiter=delimiter)
        header = [name.strip().lower() for name in next(reader, [])]
        unknown = set(header) - set(COLUMNS)
        if unknown or not set(header) >= NEEDED or len(set(header)) != len(header):
            message = f"The first line names the columns: {', '.join(COLUMNS)}; prefix and price are needed."
            raise refuse("file", "import.columns", message)
        for row in reader:
            if any(map(str.strip, row)):
                given = dict(zip(header, row, strict=False)) if len(row) == len(header) else {}
                yield reader.line_num, _with_points(given) if delimiter == ";" else given
    except (csv.Error, UnicodeDecodeError) as error:
        raise refuse("file", "import.syntax", f"The file is no CSV in UTF-8: {error}") from error


def _with_points(given: dict[str, str]) -> dict[str, str]:
    """Amounts such as 0,019 with a point."""
    return {name: _DECIMAL_COMMA.sub(r"\1.\2", cell) if name in AMOUNTS else cell for name, cell in given.items()}


def _judged(given: dict[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a row, or what is wrong with it."""
    if not given:
        return {}, [Problem("row", "import.cells", "This line has another number of cells than the first one.")]
    try:
        values = {
            "prefix": given["prefix"].strip().removeprefix("+"),
            "name": given.get("name", "").strip(),
            "price": millionths(given["price"]),
            "fee": millionths(given.get("fee") or "0"),
            "first": int(given.get("first") or 60),
            "each": int(given.get("each") or 60),
        }
    except (ValueError, ArithmeticError):
        return {}, [Problem("row", "import.number", "Price and fee are amounts as in 0.019, increments whole seconds.")]
    return values, rate_problems(values)


def millionths(text: str) -> int:
    """An amount in currency units as millionths. Raises ValueError or ArithmeticError.

    >>> millionths("0.019")
    19000
    """
    value = Decimal(text.strip()) * MILLION
    if not value.is_finite() or value != value.to_integral_value() or abs(value) > 10**18:
        raise ValueError(text)
    return int(value)
