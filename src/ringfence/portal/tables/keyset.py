"""Pages of a list that stay quick however long it is: a page begins after a row, not after a number of rows.

`OFFSET 90000` makes a database walk over 90,000 rows; "greater than the last row shown" is one step into an index.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet

from ringfence.portal.tables.table import Part

LONGEST_CURSOR: Final = 2048


@dataclass(frozen=True, slots=True)
class Order:
    """The fields that put rows in order; the primary key settles ties."""

    fields: tuple[str, ...]
    downwards: bool = False

    @property
    def whole(self) -> tuple[str, ...]:
        return (*self.fields, "pk")

    def of(self, backwards: bool) -> list[str]:
        sign = "-" if self.downwards != backwards else ""
        return [sign + name for name in self.whole]


def part_of(found: QuerySet[Any], order: Order, size: int, after: str = "", before: str = "") -> Part:
    """The page after or before a cursor; the first one without, or with a cursor that cannot be read."""
    values = _decoded(found.model, order, before or after)
    backwards = bool(before) and values is not None
    if values is not None:
        found = found.filter(_beyond(order, values, upwards=order.downwards == backwards))
    rows = _first(found, order.of(backwards), size + 1)
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        return Part(rows[::-1], more, True)
    return Part(rows, values is not None, more)


def _first(found: QuerySet[Any], columns: list[str], count: int) -> list[Any]:
    """The first rows in this order. An order by another table's column sorts keys alone: whole rows are wide."""
    ordered = found.order_by(*columns)
    if any("__" in name for name in columns):
        ordered = found.filter(pk__in=ordered.values("pk")[:count]).order_by(*columns)
    return list(ordered[:count])


def cursor_of(row: Any, order: Order) -> str:
    """The place of a row in this order, for a link."""
    values = [_plain(_value(row, name)) for name in order.whole]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _beyond(order: Order, values: Sequence[Any], upwards: bool) -> Q:
    """Rows past this place. The first condition repeats what the others imply, because it is the one an index takes."""
    sign = "gt" if upwards else "lt"
    past = Q()
    for index, name in enumerate(order.whole):
        same = dict(zip(order.whole[:index], values[:index], strict=True))
        past |= Q(**same, **{f"{name}__{sign}": values[index]})
    return Q(**{f"{order.whole[0]}__{sign}e": values[0]}) & past


def _decoded(model: type[Model], order: Order, cursor: str) -> list[Any] | None:
    if not cursor or len(cursor) > LONGEST_CURSOR:
        return None
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(raw, list) or len(raw) != len(order.whole) or None in raw:
            return None
        return [_field(model, name).to_python(value) for name, value in zip(order.whole, raw, strict=True)]
    except (ValueError, TypeError, OverflowError, ValidationError, FieldDoesNotExist):
        return None


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    *path, last = name.split("__")
    for step in path:
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]
    found: Any = model._meta.pk if last == "pk" else model._meta.get_field(last)
    target: Field[Any, Any] = getattr(found, "target_field", found)
    return target


def _value(row: Any, name: str) -> Any:
    for step in name.split("__"):
        row = getattr(row, step)
    return row


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
