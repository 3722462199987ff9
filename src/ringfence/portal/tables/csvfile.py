"""CSV files that are only data: no cell becomes a formula when a spreadsheet opens it (OWASP "CSV Injection")."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from django.http import HttpResponse

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_INNER_START: Final = re.compile(r'([;\t\r\n]"*)(?=[=+\-@])')
"""Where a spreadsheet that separates cells by something else than commas, as German ones do, begins a new one."""


def inert(value: object) -> str:
    """A cell as text; what a spreadsheet would calculate gets an apostrophe in front.

    >>> inert('=HYPERLINK("http://evil.example")')
    '\\'=HYPERLINK("http://evil.example")'
    >>> inert("Ann;=1+1")
    "Ann;'=1+1"
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if not isinstance(value, str):
        return str(value)
    text = _INNER_START.sub(r"\1'", value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def instant(stamp: float | None) -> datetime | None:
    """A point in time that is no row of the database (Unix seconds); nothing stays nothing."""
    return datetime.fromtimestamp(stamp, UTC) if stamp else None


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180, one line for each row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([inert(value) for value in row] for row in rows)
    return out.getvalue()


def csv_answer(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A file to save; the byte order mark makes spreadsheets read it as UTF-8."""
    response = HttpResponse("\ufeff" + csv_text(headings, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
