"""What a table is: its columns, how it is searched, narrowed, ordered and exported. `page.py` does the work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

type Text = str | Promise
"""A text for people, translated when it is shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows in order, and whether there are more on either side."""

    rows: Sequence[Any]
    has_previous: bool
    has_next: bool


@dataclass(frozen=True, slots=True)
class Remote:
    """Rows that another process holds and cuts into pages itself.

    `page` gets search text, the places after and before, and the size; it also returns how many rows there are.
    """

    page: Callable[[str, str, str, int], tuple[Part, int]]
    cursor: Callable[[Any], str]


type Rows = QuerySet[Any] | list[dict[str, Any]] | Remote
"""Database rows, what the guard told in one answer, or what it tells page by page."""


@dataclass(frozen=True, slots=True)
class Column:
    """`sort` names the fields of the order, all of them never empty; without it the column cannot be ordered."""

    name: str
    title: Text
    sort: tuple[str, ...] = ()
    css: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above the table. `choices` may depend on who asks; `narrow` gets the chosen value."""

    name: str
    title: Text
    choices: tuple[tuple[str, Text], ...]
    narrow: Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A button that does the same to every marked row; `confirm` is asked first."""

    name: str
    title: Text
    confirm: Text = ""
    css: str = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands there while there is nothing to show, and the next step."""

    icon: str
    title: Text
    text: Text = ""
    path: str = ""
    button: Text = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`row` is the template of one row's cells; `order` the name of the first column's order, with "-" for downwards.

    `export` pairs a heading of the CSV file with the value of a row.
    """

    name: Text
    path: str
    row: str
    columns: tuple[Column, ...]
    order: str
    empty: Empty
    search: Callable[[Any, str], Any] | None = None
    search_hint: Text = ""
    filters: tuple[Filter, ...] = ()
    bulk: tuple[BulkAction, ...] = ()
    export: tuple[tuple[str, Callable[[Any], object]], ...] = ()
    live: int = 0

    @property
    def has_tools(self) -> bool:
        """Whether there is anything above the rows: a search, a filter, a file."""
        return bool(self.search_hint or self.filters or self.export)

    def column(self, name: str) -> Column | None:
        """The column that can be ordered under this name."""
        return next((column for column in self.columns if column.name == name and column.sort), None)
