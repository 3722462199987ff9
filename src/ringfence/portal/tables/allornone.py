"""Lines of a file that are made all or none: first all of them are tried, with every fault, then they are made."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from ringfence.portal.problems import Refused, refuse


class _Undone(Exception):
    """The look at the file is over: nothing of it stays."""


def try_out[L](lines: Sequence[L], make: Callable[[L], object]) -> list[L]:
    """The same lines with every fault that making them would meet. Nothing is changed."""
    found: list[L] = []
    try:
        with transaction.atomic():
            for line in lines:
                found.append(tried(line, make))
            raise _Undone
    except _Undone:
        return found


def tried[L](line: L, make: Callable[[L], object]) -> L:
    """The line once it is made, or with the faults that kept it from that. A line is a dataclass with `faults`."""
    known: Any = line
    if known.faults:
        return line
    try:
        with transaction.atomic():
            make(line)
    except Refused as refused:
        faults = tuple(problem.message for problem in refused.problems) or (refused.detail,)
        made: L = replace(known, faults=faults)
        return made
    return line


def make_all[L, M](lines: Sequence[L], make: Callable[[L], M]) -> list[M]:
    """Makes every line, or nothing. Raises Refused with the first line that cannot be made."""
    made: list[M] = []
    with transaction.atomic():
        for line in lines:
            known: Any = line
            if known.faults:
                raise refuse("file", "import.faulty", f"Line {known.number}: {known.faults[0]}")
            try:
                made.append(make(line))
            except Refused as refused:
                raise refuse("file", "import.faulty", f"Line {known.number}: {refused.detail}") from refused
    return made
