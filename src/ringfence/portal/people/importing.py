"""Extensions from a CSV file: looked at whole before anything is made, then all of them or none."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from ringfence.portal.actor import Actor
from ringfence.portal.people.changes import NewUser, create_user
from ringfence.portal.people.models import STANDARD, Person
from ringfence.portal.problems import Refused, refuse

COLUMNS: Final = ("extension", "display_name", "role")
NEEDED: Final = ("extension", "display_name")
MOST_ROWS: Final = 1000
"""A file of this size is made within seconds; more of them are sent as several files."""

LONGEST_FILE: Final = 200_000


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
    if len(text) > LONGEST_FILE:
        raise refuse("file", "import.length", f"The file is larger than {LONGEST_FILE // 1000} kB; send several.")
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restkey="more", restval="")
    headings = [str(name).strip().lower() for name in rows.fieldnames or ()]
    if missing := [name for name in NEEDED if name not in headings]:
        message = f"The first line must name the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing."
        raise refuse("file", "import.headings", message)
    rows.fieldnames = headings
    try:
        found = [_line(rows.line_num, row, tenant_id) for row in rows if any(map(str.strip, map(str, row.values())))]
    except csv.Error as error:
        raise refuse("file", "import.syntax", f"Line {rows.line_num} is no CSV: {error}.") from error
    if not found:
        raise refuse("file", "import.empty", "The file holds no extension.")
    if len(found) > MOST_ROWS:
        raise refuse("file", "import.too_many", f"The file holds {len(found)} extensions; {MOST_ROWS} are possible.")
    return found


def _line(number: int, row: dict[str, str], tenant_id: int) -> Line:
    wish = NewUser(
        tenant_id=tenant_id,
        extension=row["extension"].strip(),
        display_name=row["display_name"].strip(),
        role=row.get("role", "").strip() or STANDARD,
    )
    return Line(number, wish, ("There are more values than columns.",) if "more" in row else ())


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
