"""Pages of a list: `limit` and `after` (or `offset`) in; `items`, `count` and `next` out.

`next` is where the list goes on, to be sent as `after`. It names the last row instead of counting rows, so a row that
is added or deleted meanwhile neither repeats nor hides another, and the last page costs what the first does.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Model, Q, QuerySet
from ninja import Field, Query, Schema

from ringfence.portal.problems import NotFound, refuse

MOST: Final = 500
LARGEST: Final = 2**63 - 1
"""A database number has 64 bits with a sign; a larger one in a query is refused, not a fault."""

RowId = Annotated[int, Field(ge=0, le=LARGEST)]


class Page(Schema):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=LARGEST - MOST)
    after: str = Field("", max_length=512, description="The `next` of the page before this one.")


class PageOut(Schema):
    """What every list answers besides its items. `next` is null on the last page."""

    count: int
    next: str | None = None


PageQuery = Annotated[Page, Query(...)]


def rows(found: QuerySet[Any], page: Page, show: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """One page of a query, in the query's own order."""
    order = _order(found)
    part = found.order_by(*order)
    try:
        if page.after:
            part = part.filter(_beyond(order, _typed(found.model, order, _read(page.after, len(order)))))
        shown = list(_skipped(part, page.offset, page.limit + 1))
    except (ValidationError, ValueError, TypeError) as error:
        raise _not_a_place() from error
    more = len(shown) > page.limit
    shown = shown[: page.limit]
    place = _write(shown[-1], order) if more else None
    return {"items": [show(row) for row in shown], "count": found.count(), "next": place}


def _skipped(part: QuerySet[Any], offset: int, count: int) -> QuerySet[Any]:
    """Skips over keys; skipping over whole rows would read what belongs to each from the other tables."""
    if not offset:
        return part[:count]
    return part.filter(pk__in=part.values("pk")[offset : offset + count])


def of_tenant[M: Model](found: QuerySet[M], tenant_id: int | None) -> QuerySet[M]:
    """Those of one tenant, or all that somebody may see."""
    return found if tenant_id is None else found.filter(tenant_id=tenant_id)


def one_of[M: Model](found: QuerySet[M], row_id: int, missing: str = "There is no such object.") -> M:
    """The row if it is among those that somebody may see. Raises NotFound: to others it is not there."""
    row = found.filter(pk=row_id).first()
    if row is None:
        raise NotFound(detail=missing)
    return row


def listed(items: Sequence[dict[str, Any]], page: Page) -> dict[str, Any]:
    """One page of a list that is in memory already; it has no keys, so its places are counted."""
    start = page.offset
    if page.after:
        (start,) = _read(page.after, 1)
        if not isinstance(start, int) or isinstance(start, bool) or start < 0:
            raise _not_a_place()
    end = start + page.limit
    return {"items": list(items[start:end]), "count": len(items), "next": _encoded([end]) if end < len(items) else None}


def cut_elsewhere(page: Page, ask: Callable[[str, int], dict[str, Any]], key: str) -> dict[str, Any]:
    """One page of a list that another process holds and cuts itself; `ask` gets a place of its own and a size.

    Such a list has places and no numbers: what an `offset` skips is asked for and left out.
    """
    place = ""
    if page.after:
        (place,) = _read(page.after, 1)
        if not isinstance(place, str) or not place:
            raise _not_a_place()
    if page.offset > MOST:
        raise refuse("offset", "page.offset", f"This list skips at most {MOST} rows; follow `next` instead.")
    found = ask(place, page.offset + page.limit)
    items = found[key]
    more = _encoded([str(items[-1]["place"])]) if found["has_next"] and items else None
    shown = [{name: value for name, value in item.items() if name != "place"} for item in items[page.offset :]]
    return {"items": shown, "count": found["count"], "next": more}


def _order(found: QuerySet[Any]) -> tuple[str, ...]:
    """The columns of the order, ended by the primary key so that no two rows have the same place."""
    named: Iterable[Any] = found.query.order_by or found.model._meta.ordering or ()
    columns = [str(column) for column in named]
    if not columns or columns[-1].lstrip("-") not in ("id", "pk"):
        columns.append("-id" if columns and columns[-1].startswith("-") else "id")
    return tuple(columns)


def _beyond(order: tuple[str, ...], place: Sequence[Any]) -> Q:
    """Rows behind this place: the first column differs, or it is equal and the next one differs, and so on."""
    condition, equal = Q(), Q()
    for column, value in zip(order, place, strict=True):
        name = column.lstrip("-")
        condition |= equal & Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        equal &= Q(**{name: value})
    return condition


def _typed(model: type[Model], order: tuple[str, ...], place: Sequence[Any]) -> list[Any]:
    """Raises ValueError or TypeError for a value that its column cannot have."""
    return [_typed_value(model, column.lstrip("-"), value) for column, value in zip(order, place, strict=True)]


def _typed_value(model: type[Model], name: str, value: Any) -> Any:
    if "__" in name or name == "pk" or not isinstance(model._meta.get_field(name), DateTimeField):
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment


def _write(row: Model, order: tuple[str, ...]) -> str:
    return _encoded([_value(row, column.lstrip("-")) for column in order])


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row.isoformat() if isinstance(row, datetime) else row


def _encoded(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read(text: str, length: int) -> list[Any]:
    """The values of a place. Raises Refused: whoever made this text, it was not this list."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _not_a_place() from error
    if not isinstance(values, list) or len(values) != length or not all(_is_plain(value) for value in values):
        raise _not_a_place()
    return values


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return "\0" not in value
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _not_a_place() -> Exception:
    return refuse("after", "page.after", "This is not the `next` of a page of this list.")
