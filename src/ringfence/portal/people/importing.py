"""Extensions from a CSV file: looked at whole before anything is made, then all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from ringfence.portal.actor import Actor
from ringfence.portal.people.changes import NewUser, create_user
from ringfence.portal.people.models import STANDARD, Person
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.tables.csvlines import Cells, Shape, read_lines

SHAPE: Final = Shape(("extension", "display_name", "role"), ("extension", "display_name"), "extension")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: its number, what it wishes, and why that cannot be."""

    number: int
    wish: NewUser
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A person of the file with the secret that is shown this once."""

    person: Person
    secret: str


class _Undone(Exception):
    """The look at the file is over: nothing of it stays."""


def read(text: str, tenant_id: int) -> list[Line]:
    """The lines of the file. Raises Refused when it is no CSV file of extensions at all."""
    return [_line(cells, tenant_id) for cells in read_lines(text, SHAPE)]


def _line(cells: Cells, tenant_id: int) -> Line:
    values = cells.values
    wish = NewUser(tenant_id, values["extension"], values["display_name"], role=values["role"] or STANDARD)
    return Line(cells.number, wish, ("There are more values than columns.",) if cells.has_more else ())


def try_out(actor: Actor, lines: Sequence[Line]) -> list[Line]:
    """The same lines with every fault that making them would meet. Nothing is changed."""
    found: list[Line] = []
    try:
        with transaction.atomic():
            for line in lines:
                found.append(_tried(actor, line))
            raise _Undone
    except _Undone:
        return found


def _tried(actor: Actor, line: Line) -> Line:
    if line.faults:
        return line
    try:
        with transaction.atomic():
            create_user(actor, line.wish)
    except Refused as refused:
        faults = tuple(problem.message for problem in refused.problems) or (refused.detail,)
        return Line(line.number, line.wish, faults)
    return line


def make_all(actor: Actor, lines: Sequence[Line]) -> list[Made]:
    """Makes every line, or nothing. Raises Refused with the first line that cannot be made."""
    made = []
    with transaction.atomic():
        for line in lines:
            if line.faults:
                raise refuse("file", "import.faulty", f"Line {line.number}: {line.faults[0]}")
            try:
                made.append(Made(*create_user(actor, line.wish)))
            except Refused as refused:
                raise refuse("file", "import.faulty", f"Line {line.number}: {refused.detail}") from refused
    return made
