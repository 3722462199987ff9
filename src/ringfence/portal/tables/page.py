"""One page of a table from what the address asks for: search, filters, order, the place in the list."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from ringfence.portal.problems import Refused
from ringfence.portal.tables.csvfile import csv_answer
from ringfence.portal.tables.keyset import Order, cursor_of, part_of
from ringfence.portal.tables.table import Filter, Part, Remote, Rows, Table

ROWS: Final = 50
COUNTED: Final = 100_000
"""Counting stops here: to know that there are more is enough."""

EXPORTED: Final = 200_000
WALKED: Final = 500
"""Rows asked for at once of another process."""

LONGEST_SEARCH: Final = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of a table, ready for the template `system/table.html`."""

    table: Table
    rows: list[Any]
    count: int
    search: str
    filters: list[dict[str, Any]]
    headings: list[dict[str, Any]]
    previous: str
    next: str
    query: str

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search) or any(item["chosen"] for item in self.filters)

    @property
    def is_first(self) -> bool:
        return not self.previous

    @property
    def more_than_counted(self) -> bool:
        return self.count > COUNTED


def answer(request: HttpRequest, table: Table, rows: Rows, template: str, **facts: Any) -> HttpResponse:
    """The page, only its table when htmx asks for that, or the CSV file of everything the filters leave."""
    if request.GET.get("format") == "csv" and table.export and not facts.get("guard_down"):
        return _exported(table, _narrowed(table, request.GET, rows), _search(request.GET))
    page = {**facts, "table": shown(table, request.GET, rows)}
    is_part = request.headers.get("HX-Target") == "table"
    return render(request, "system/table_part.html" if is_part else template, page)


def shown(table: Table, query: QueryDict, rows: Rows) -> Shown:
    """The page that this query string asks for. What it asks wrongly is ignored."""
    found = _narrowed(table, query, rows)
    name, order = _order(table, query.get("sort", ""))
    part, first, last, count = _part(found, order, query)
    return Shown(
        table=table,
        rows=list(part.rows),
        count=count,
        search=_search(query),
        filters=[_choice(item, query) for item in table.filters],
        headings=_headings(table, name, order, query),
        previous=_link(query, before=first) if part.has_previous else "",
        next=_link(query, after=last) if part.has_next else "",
        query=_link(query),
    )


def _search(query: QueryDict) -> str:
    return query.get("search", "").replace("\0", "").strip()[:LONGEST_SEARCH]


def _narrowed(table: Table, query: QueryDict, rows: Rows) -> Any:
    """The rows that search and filters leave."""
    found: Any = rows
    if isinstance(found, Remote):
        return found
    if table.search and (wanted := _search(query)):
        found = table.search(found, wanted)
    for item in table.filters:
        chosen = query.get(item.name, "")
        if chosen in dict(item.choices):
            found = item.narrow(found, chosen)
    return found


def _order(table: Table, wanted: str) -> tuple[str, Order]:
    for name in (wanted, table.order):
        column = table.column(name.removeprefix("-"))
        if column is not None:
            return column.name, Order(column.sort, name.startswith("-"))
    return "", Order(())


def _part(found: Any, order: Order, query: QueryDict) -> tuple[Part, str, str, int]:
    """The rows of this page, the places of its first and last row, and how many rows there are."""
    after, before = query.get("after", ""), query.get("before", "")
    if isinstance(found, Remote):
        part, count = found.page(_search(query), after, before, ROWS)
        first, last = (found.cursor(part.rows[0]), found.cursor(part.rows[-1])) if part.rows else ("", "")
        return part, first, last, count
    if isinstance(found, QuerySet):
        part = part_of(found, order, ROWS, after, before)
        first, last = (cursor_of(part.rows[0], order), cursor_of(part.rows[-1], order)) if part.rows else ("", "")
        is_whole = not (part.has_previous or part.has_next)
        return part, first, last, len(part.rows) if is_whole else _count_up_to(found, COUNTED + 1)
    return _part_of_list(found, order, after, before)


def _part_of_list(found: list[dict[str, Any]], order: Order, after: str, before: str) -> tuple[Part, str, str, int]:
    """What is in memory: its places are plain numbers."""
    ordered = sorted(found, key=lambda row: [str(row.get(name, "")) for name in order.fields], reverse=order.downwards)
    start = _number(after) + 1 if after else 0
    if before:
        start = max(0, _number(before) - ROWS)
    part = Part(ordered[start : start + ROWS], start > 0, len(ordered) > start + ROWS)
    return part, str(start), str(start + len(part.rows) - 1), len(ordered)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _choice(item: Filter, query: QueryDict) -> dict[str, Any]:
    chosen = query.get(item.name, "")
    return {"filter": item, "chosen": chosen if chosen in dict(item.choices) else ""}


def _headings(table: Table, name: str, order: Order, query: QueryDict) -> list[dict[str, Any]]:
    found = []
    for column in table.columns:
        here = column.name == name
        wanted = f"-{column.name}" if here and not order.downwards else column.name
        direction = ("descending" if order.downwards else "ascending") if here else ""
        link = _link(query, sort=wanted) if column.sort else ""
        found.append({"column": column, "direction": direction, "link": link})
    return found


def _link(query: QueryDict, **changed: str) -> str:
    """The same search and filters; a place in the list belongs to one order and is left out unless given."""
    kept = query.copy()
    for name in ("after", "before", "format"):
        kept.pop(name, None)
    for name, value in changed.items():
        kept[name] = value
    return f"?{kept.urlencode()}"


def _exported(table: Table, found: Any, wanted: str) -> HttpResponse:
    if _count_up_to(found, EXPORTED + 1, wanted) > EXPORTED:
        raise Refused(detail=f"These are more than {EXPORTED:,} rows; narrow them with a search or a filter first.")
    rows: Iterable[Any] = found
    if isinstance(found, QuerySet):
        rows = found.iterator(chunk_size=2000)
    elif isinstance(found, Remote):
        rows = _walked(found, wanted)
    headings = [heading for heading, _ in table.export]
    return csv_answer(
        table.path.strip("/").replace("/", "-"), headings, ([value(row) for _, value in table.export] for row in rows)
    )


def _walked(found: Remote, wanted: str) -> Iterator[Any]:
    """Page by page, since whoever holds the rows gives no more at once."""
    after, goes_on = "", True
    while goes_on:
        part, _ = found.page(wanted, after, "", WALKED)
        yield from part.rows
        after = found.cursor(part.rows[-1]) if part.rows else ""
        goes_on = part.has_next and bool(after)


def _count_up_to(found: Any, most: int, wanted: str = "") -> int:
    if isinstance(found, Remote):
        return found.page(wanted, "", "", 1)[1]
    return int(found.order_by()[:most].count()) if isinstance(found, QuerySet) else len(found)
