"""Extensions from a CSV file: looked at whole before anything is made, then all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ringfence.portal.actor import Actor
from ringfence.portal.people.changes import NewUser, create_user
from ringfence.portal.people.models import STANDARD, Person
from ringfence.portal.tables import allornone
from ringfence.portal.tables.csvlines import Cells, Shape, read_lines

SHAPE: Final = Shape(("extension", "display_name", "role"), ("extension", "display_name"))


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


def read(text: str, tenant_id: int) -> list[Line]:
    """The lines of the file. Raises Refused when it is no CSV file of extensions at all."""
    return [_line(cells, tenant_id) for cells in read_lines(text, SHAPE)]


def _line(cells: Cells, tenant_id: int) -> Line:
    values = cells.values
    wish = NewUser(tenant_id, values["extension"], values["display_name"], role=values["role"] or STANDARD)
    return Line(cells.number, wish, ("There are more values than columns.",) if cells.has_more else ())


def try_out(actor: Actor, lines: Sequence[Line]) -> list[Line]:
    """The same lines with every fault that making them would meet. Nothing is changed."""
    return allornone.try_out(lines, lambda line: create_user(actor, line.wish))


def make_all(actor: Actor, lines: Sequence[Line]) -> list[Made]:
    """Makes every line, or nothing. Raises Refused with the first line that cannot be made."""
    return allornone.make_all(lines, lambda line: Made(*create_user(actor, line.wish)))
