"""CSV files that come in: looked at as text first, before any line of them means anything."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ringfence.portal.problems import refuse

MOST_ROWS: Final = 1000
"""A file of this size is worked off within seconds; more of them are sent as several files."""

LONGEST_FILE: Final = 200_000
LONGEST_LINE: Final = 4_096
SEPARATORS: Final = (",", ";", "\t")
MORE: Final = "\n"
"""What is more than the columns hold stands under a heading that no file can have."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a file holds: the columns it may have, and those it needs."""

    columns: tuple[str, ...]
    needed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """One line: its number, a text for each column, and whether there was more than the columns hold."""

    number: int
    values: dict[str, str]
    has_more: bool = False


def read_lines(text: str, shape: Shape) -> list[Cells]:
    """The lines of the file, without empty ones. Raises Refused when it is no CSV file of this shape at all."""
    if len(text) > LONGEST_FILE:
        raise refuse("file", "import.length", f"The file is larger than {LONGEST_FILE // 1000} kB; send several.")
    plain = text.removeprefix("\ufeff")
    rows = csv.DictReader(io.StringIO(plain, newline=""), restkey=MORE, restval="", delimiter=_separator(plain))
    try:
        rows.fieldnames = _headings(rows.fieldnames or (), shape)
        found = [
            Cells(rows.line_num, {name: str(row.get(name, "")).strip() for name in shape.columns}, MORE in row)
            for row in rows
            if any(map(str.strip, map(str, row.values())))
        ]
    except csv.Error as error:
        raise refuse("file", "import.syntax", f"Line {rows.line_num} is no CSV: {error}.") from error
    if not found:
        raise refuse("file", "import.empty", "The file holds nothing below its first line.")
    if len(found) > MOST_ROWS:
        raise refuse("file", "import.too_many", f"The file holds {len(found)} lines; {MOST_ROWS} are possible.")
    return found


def _separator(text: str) -> str:
    """The one that the first line has most of: spreadsheets write semicolons where the comma stands in numbers."""
    first = text[:LONGEST_LINE].splitlines()[:1]
    return max(SEPARATORS, key="".join(first).count)


def _headings(names: Sequence[str], shape: Shape) -> list[str]:
    """What a column says that nobody reads would be left out in silence. Raises Refused."""
    headings = [str(name).strip().lower() for name in names]
    if missing := [name for name in shape.needed if name not in headings]:
        message = f"The first line must name the columns {', '.join(shape.columns)}; {', '.join(missing)} is missing."
        raise refuse("file", "import.headings", message)
    if odd := [name for name in headings if name and (name not in shape.columns or headings.count(name) > 1)]:
        message = f"The columns are {', '.join(shape.columns)}, each once; {odd[0][:40]!r} cannot be read."
        raise refuse("file", "import.headings", message)
    return headings
