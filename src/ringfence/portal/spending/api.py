"""REST: rates, budgets and suspensions of calls outside."""

from typing import Annotated, Any

from ninja import Field, Router, Status

from ringfence.policy.outgoing.spend import MILLION
from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, listed, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.schema import In, Out
from ringfence.portal.spending import changes
from ringfence.portal.spending.currency import currency, set_currency
from ringfence.portal.spending.models import Budget, Rate

router = Router()

Money = Annotated[float, Field(ge=0, le=changes.MOST_RATE)]
"""In currency units, with up to six decimals."""

Increment = Annotated[int, Field(ge=1, le=changes.LONGEST_INCREMENT)]
Limit = Annotated[int | None, Field(ge=0, le=changes.MOST)]


class RateIn(In):
    """`first` and `each` are seconds that are charged whole."""

    prefix: str = Field(max_length=15)
    name: str = Field("", max_length=64)
    price: Money
    fee: Money = 0.0
    first: Increment = 60
    each: Increment = 60


class RatePatch(In):
    name: str | None = Field(None, max_length=64)
    price: Money | None = None
    fee: Money | None = None
    first: Annotated[int | None, Field(ge=1, le=changes.LONGEST_INCREMENT)] = None
    each: Annotated[int | None, Field(ge=1, le=changes.LONGEST_INCREMENT)] = None


class RateOut(Out):
    id: int
    prefix: str
    name: str
    price: float
    fee: float
    first: int
    each: int


class RatePage(PageOut):
    items: list[RateOut]


class BudgetIn(In):
    """`owner` is extension, tenant or trunk for the default of all of a kind, or one of them as in
    `extension:101@acme.example`, `tenant:3`, `trunk:5`. Null is no limit; what is left out is the default.
    """

    owner: str = Field(max_length=330)
    enabled: bool = True
    warning_percent: int = Field(80, ge=1, le=100)
    calls_per_minute: Limit = None
    minutes_per_day: Limit = None
    money_per_day: Annotated[float | None, Field(ge=0, le=changes.MOST)] = None
    new_destinations_per_day: Limit = None
    parallel_international: Limit = None


class BudgetPatch(In):
    enabled: bool | None = None
    warning_percent: Annotated[int | None, Field(ge=1, le=100)] = None
    calls_per_minute: Limit = None
    minutes_per_day: Limit = None
    money_per_day: Annotated[float | None, Field(ge=0, le=changes.MOST)] = None
    new_destinations_per_day: Limit = None
    parallel_international: Limit = None


class BudgetOut(Out):
    id: int
    owner: str
    tenant_id: int | None
    enabled: bool
    warning_percent: int
    calls_per_minute: int | None
    minutes_per_day: int | None
    money_per_day: float | None
    new_destinations_per_day: int | None
    parallel_international: int | None


class BudgetPage(PageOut):
    items: list[BudgetOut]


class CurrencyIn(In):
    currency: str = Field(max_length=8, description="Three letters of ISO 4217, as in EUR; or empty.")


class CurrencyOut(Out):
    currency: str


class LiftIn(In):
    owner: str = Field(max_length=330)


def _rate_facts(row: Rate) -> dict[str, Any]:
    facts = changes.rate_facts(row)
    return {"id": row.pk, **facts, "price": row.price / MILLION, "fee": row.fee / MILLION}


def _in_millionths(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {
        name: round(value * MILLION) if name in names and value is not None else value for name, value in values.items()
    }


def rate_of(rate_id: int) -> Rate:
    """Raises NotFound."""
    found = Rate.objects.filter(pk=rate_id).first()
    if found is None:
        raise NotFound(detail="There is no such rate.")
    return found


def budget_facts(row: Budget) -> dict[str, Any]:
    money = row.money_per_day
    facts = {name: getattr(row, name) for name in BudgetOut.model_fields}
    return {**facts, "money_per_day": None if money is None else money / MILLION}


def budget_row(actor: Actor, budget_id: int) -> Budget:
    """Raises NotFound."""
    found: Budget | None = Budget.objects.visible_to(actor).filter(pk=budget_id).first()
    if found is None:
        raise NotFound(detail="There is no such budget.")
    return found


@router.get("rates", response=RatePage)
@needs(Permission.RATES_WRITE)
def list_rates(request: ApiRequest, page: PageQuery, prefix: str = "") -> dict[str, Any]:
    """`prefix` is how the rates' prefixes begin."""
    return rows(Rate.objects.filter(prefix__startswith=prefix), page, _rate_facts)


@router.post("rates", response={201: RateOut})
@needs(Permission.RATES_WRITE)
def add_rate(request: ApiRequest, payload: RateIn) -> Status[Any]:
    return Status(201, _rate_facts(changes.save_rate(request.auth, _in_millionths(payload.dict(), "price", "fee"))))


@router.get("rates/{int:rate_id}", response=RateOut)
@needs(Permission.RATES_WRITE)
def show_rate(request: ApiRequest, rate_id: RowId) -> dict[str, Any]:
    return _rate_facts(rate_of(rate_id))


@router.patch("rates/{int:rate_id}", response=RateOut)
@needs(Permission.RATES_WRITE)
def change_rate(request: ApiRequest, rate_id: RowId, payload: RatePatch) -> dict[str, Any]:
    row = rate_of(rate_id)
    given = {name: value for name, value in payload.model_dump(exclude_unset=True).items() if value is not None}
    values = {**changes.rate_facts(row), **_in_millionths(given, "price", "fee")}
    return _rate_facts(changes.save_rate(request.auth, values, row))


@router.delete("rates/{int:rate_id}", response={204: None})
@needs(Permission.RATES_WRITE)
def delete_rate(request: ApiRequest, rate_id: RowId) -> Status[Any]:
    changes.delete_rate(request.auth, rate_of(rate_id))
    return Status(204, None)


@router.get("budgets", response=BudgetPage)
@needs(Permission.BUDGETS_WRITE)
def list_budgets(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    """Those that were set; everybody else has the defaults."""
    return rows(Budget.objects.visible_to(request.auth), page, budget_facts)


@router.post("budgets", response={201: BudgetOut})
@needs(Permission.BUDGETS_WRITE)
def set_budget(request: ApiRequest, payload: BudgetIn) -> Status[Any]:
    given = payload.model_dump(exclude_unset=True)
    owner = given.pop("owner")
    return Status(201, budget_facts(changes.save_budget(request.auth, owner, _in_millionths(given, "money_per_day"))))


@router.get("budgets/{int:budget_id}", response=BudgetOut)
@needs(Permission.BUDGETS_WRITE)
def show_budget(request: ApiRequest, budget_id: RowId) -> dict[str, Any]:
    return budget_facts(budget_row(request.auth, budget_id))


@router.patch("budgets/{int:budget_id}", response=BudgetOut)
@needs(Permission.BUDGETS_WRITE)
def change_budget(request: ApiRequest, budget_id: RowId, payload: BudgetPatch) -> dict[str, Any]:
    row = budget_row(request.auth, budget_id)
    given = payload.model_dump(exclude_unset=True)
    kept = {name for name in ("enabled", "warning_percent") if given.get(name, 0) is None}
    values = {name: value for name, value in given.items() if name not in kept}
    return budget_facts(changes.save_budget(request.auth, row.owner, _in_millionths(values, "money_per_day")))


@router.delete("budgets/{int:budget_id}", response={204: None})
@needs(Permission.BUDGETS_WRITE)
def delete_budget(request: ApiRequest, budget_id: RowId) -> Status[Any]:
    changes.delete_budget(request.auth, budget_row(request.auth, budget_id))
    return Status(204, None)


@router.get("suspensions")
@needs(Permission.BUDGETS_WRITE)
def list_suspensions(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    """Who may make no outside calls until somebody lifts it: since when, by which measure, with what was used."""
    return listed(changes.suspensions(request.auth), page)


@router.post("suspensions/lift", response={204: None})
@needs(Permission.BUDGETS_WRITE)
def lift_suspension(request: ApiRequest, payload: LiftIn) -> Status[Any]:
    """Outside calls are possible again, with the whole budget of a day."""
    changes.lift(request.auth, payload.owner)
    return Status(204, None)


@router.get("settings/currency", response=CurrencyOut)
@needs(Permission.RATES_WRITE)
def show_currency(request: ApiRequest) -> dict[str, str]:
    """What every amount of rates, budgets and call records is in; empty if nobody named it."""
    return {"currency": currency()}


@router.patch("settings/currency", response=CurrencyOut)
@needs(Permission.RATES_WRITE)
def change_currency(request: ApiRequest, payload: CurrencyIn) -> dict[str, str]:
    """It is a name beside the amounts: none of them is converted."""
    return {"currency": set_currency(request.auth, payload.currency)}
