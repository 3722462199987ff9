"""The tables of rates and budgets."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from ringfence.policy.outgoing.spend import MILLION
from ringfence.portal.tables import Column, Empty, Table

RATES: Final = Table(
    name=_("rates"),
    path="/rates",
    row="spending/rates_row.html",
    columns=(
        Column("prefix", _("Prefix"), ("prefix",)),
        Column("name", _("Name"), ("name",), "hide-phone"),
        Column("price", _("A minute"), ("price",), "text-end"),
        Column("fee", _("A call"), css="text-end hide-phone"),
        Column("increments", _("Increments"), css="text-end hide-phone"),
    ),
    order="prefix",
    empty=Empty(
        "history",
        _("No rates"),
        _("Without rates no money is counted; minutes are."),
        "/rates/import",
        _("Import a file"),
    ),
    search=lambda found, wanted: found.filter(prefix__startswith=wanted.removeprefix("+")),
    search_hint=_("Prefix"),
    export=(
        ("prefix", lambda row: row.prefix),
        ("name", lambda row: row.name),
        ("price", lambda row: row.price / MILLION),
        ("fee", lambda row: row.fee / MILLION),
        ("first", lambda row: row.first),
        ("each", lambda row: row.each),
        ("currency", lambda row: row.currency),
    ),
)


def _owned(found: Any, wanted: str) -> Any:
    return found.filter(owner__icontains=wanted)


BUDGETS: Final = Table(
    name=_("budgets"),
    path="/budgets",
    row="spending/budgets_row.html",
    columns=(
        Column("owner", _("Whose"), ("owner",)),
        Column("calls", _("Calls a minute"), css="text-end hide-phone"),
        Column("minutes", _("Minutes a day"), css="text-end"),
        Column("money", _("Money a day"), css="text-end"),
        Column("countries", _("New countries a day"), css="text-end hide-phone"),
        Column("parallel", _("International at once"), css="text-end hide-phone"),
    ),
    order="owner",
    empty=Empty(
        "shield-check",
        _("Everybody has the default budget"),
        _("Set another one for all extensions, tenants or trunks, or for a single one."),
        "/budgets/new",
        _("Set a budget"),
    ),
    search=_owned,
    search_hint=_("Whose"),
    export=(
        ("owner", lambda row: row.owner),
        ("enabled", lambda row: row.enabled),
        ("calls_per_minute", lambda row: row.calls_per_minute),
        ("minutes_per_day", lambda row: row.minutes_per_day),
        ("money_per_day", lambda row: None if row.money_per_day is None else row.money_per_day / MILLION),
        ("new_destinations_per_day", lambda row: row.new_destinations_per_day),
        ("parallel_international", lambda row: row.parallel_international),
        ("currency", lambda row: row.currency),
    ),
)
