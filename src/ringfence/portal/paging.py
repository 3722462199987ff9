"""Pages of a list: `limit` and `offset` in, `items` and `count` out."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from django.db.models import QuerySet
from ninja import Field, Query, Schema

MOST: Final = 500
LARGEST: Final = 2**63 - 1
"""A database number has 64 bits with a sign; a larger one in a query is refused, not a fault."""

RowId = Annotated[int, Field(ge=0, le=LARGEST)]


class Page(Schema):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=LARGEST - MOST)


PageQuery = Annotated[Page, Query(...)]


def rows(found: QuerySet[Any], page: Page, show: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """One page of a query."""
    part = found[page.offset : page.offset + page.limit]
    return {"items": [show(row) for row in part], "count": found.count()}


def listed(items: Sequence[dict[str, Any]], page: Page) -> dict[str, Any]:
    """One page of a list that is in memory already."""
    return {"items": list(items[page.offset : page.offset + page.limit]), "count": len(items)}
