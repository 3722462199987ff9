"""No cell of a saved file becomes a formula, whatever separates cells where it is opened (issue 5; OWASP "CSV
Injection").
"""

import csv

import pytest

from ringfence.portal.tables.csvfile import FORMULA_STARTS, csv_text

HOSTILE = (
    "=1+1", "Ann;=1+1", 'Ann;"=1+1"', 'Ann;""@SUM(1)', "Ann\t-1", "Ann\n=1", "a,b;=1", ";;=1", "+4930123",
)  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_begins_a_formula(delimiter: str, name: str) -> None:
    text = csv_text(("first", "name"), [("x", name)])
    cells = [cell for row in csv.reader(text.splitlines(), delimiter=delimiter) for cell in row]
    assert not [cell for cell in cells if cell.lstrip('"').startswith(FORMULA_STARTS)]


def test_what_is_no_formula_stays_as_it_is() -> None:
    assert csv_text(("a",), [("Miller; Smith-Jones",), (-5,)]) == "a\r\nMiller; Smith-Jones\r\n-5\r\n"
