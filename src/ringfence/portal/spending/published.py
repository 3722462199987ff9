"""Rates and budgets as the guard looks them up."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ringfence.policy.outgoing.spend import Budget, Rate, encode_rate
from ringfence.portal.lookups import SOURCES, Source
from ringfence.portal.spending.models import Budget as BudgetRow
from ringfence.portal.spending.models import Rate as RateRow

BUDGET_FIELDS = tuple(Budget.__dataclass_fields__)


def _rates(found: Any) -> Iterator[tuple[str, bytes]]:
    rows = found.order_by("prefix").values_list("prefix", "name", "price", "fee", "first", "each")
    for prefix, name, price, fee, first, each in rows.iterator(chunk_size=10_000):
        yield f"rate/{prefix}", encode_rate(Rate(name, price, fee, first, each))


def _budgets(found: Iterable[BudgetRow]) -> Iterator[tuple[str, bytes]]:
    for row in found:
        yield f"budget/{row.owner}", json.dumps(asdict(budget_of(row))).encode()


def budget_of(row: BudgetRow) -> Budget:
    return Budget(**{name: getattr(row, name) for name in BUDGET_FIELDS})


def _names(keys: Sequence[str]) -> list[str]:
    return [key.partition("/")[2] for key in keys]


def register() -> None:
    """Called when the application starts."""
    SOURCES["rate"] = Source(
        some=lambda keys: _rates(RateRow.objects.filter(prefix__in=_names(keys))),
        every=lambda: _rates(RateRow.objects.all()),
    )
    SOURCES["budget"] = Source(
        some=lambda keys: _budgets(BudgetRow.objects.filter(owner__in=_names(keys))),
        every=lambda: _budgets(BudgetRow.objects.all()),
    )
