"""The tables of Codes and E164 (reference: "Outbound Route Permissions"), and what they do to their marked rows."""

from collections.abc import Callable
from typing import Any, Final

from django.db.models import Model, Q
from django.utils.translation import gettext_lazy as _

from ringfence.portal.outbound import changes
from ringfence.portal.outbound.models import AllowedCountry, DisallowedCode, EmergencyNumber
from ringfence.portal.permissions import Permission
from ringfence.portal.tables import BulkAction, Column, Empty, Table
from ringfence.portal.tables.bulk import Bulk, deleting

COUNTRIES: Final = Table(
    name=_("countries"),
    path="/codes/countries",
    row="outbound/code_row.html",
    columns=(
        Column("code", _("Country"), ("country",)),
        Column("tenant", _("Tenant"), ("tenant__name",), "hide-phone"),
    ),
    order="code",
    empty=Empty(
        "world",
        _("No country is allowed yet"),
        _(
            "Calls to other countries are refused unless the country stands here. +1, +7 and +44 are several"
            " countries each."
        ),
        "/codes/countries/new",
        _("Allow the first country"),
    ),
    search=lambda found, wanted: found.filter(country__icontains=wanted),
    search_hint=_("Country"),
    export=(("country", lambda row: row.country), ("tenant", lambda row: row.tenant.domain)),
)


def _described(field: str) -> Callable[[Any, str], Any]:
    return lambda found, wanted: found.filter(Q(**{f"{field}__icontains": wanted}) | Q(description__icontains=wanted))


def _written(field: str, title: Any) -> tuple[Column, ...]:
    return (
        Column("code", title, (field,)),
        Column("description", _("Description"), ("description",)),
        Column("tenant", _("Tenant"), ("tenant__name",), "hide-phone"),
    )


DISALLOWED: Final = Table(
    name=_("disallowed codes"),
    path="/codes/disallowed",
    row="outbound/code_row.html",
    columns=_written("prefix", _("Code")),
    order="code",
    empty=Empty(
        "shield-x",
        _("No code is disallowed yet"),
        _(
            "Numbers that begin like this are refused; this wins over everything but emergency calls. As dialled, or"
            " with a plus."
        ),
        "/codes/disallowed/new",
        _("Disallow the first code"),
    ),
    search=_described("prefix"),
    search_hint=_("Code or description"),
    export=(
        ("code", lambda row: row.prefix),
        ("description", lambda row: row.description),
        ("tenant", lambda row: row.tenant.domain),
    ),
)

EMERGENCY: Final = Table(
    name=_("emergency numbers"),
    path="/codes/emergency",
    row="outbound/code_row.html",
    columns=_written("number", _("Number")),
    order="code",
    empty=Empty(
        "phone-call",
        _("No emergency numbers of your own"),
        _(
            "These leave before every other rule, beside those of the country, which stand in the number plan. They are"
            " added from above the tenants."
        ),
        "/codes/emergency/new",
        _("Add the first number"),
    ),
    search=_described("number"),
    search_hint=_("Number or description"),
    export=(
        ("number", lambda row: row.number),
        ("description", lambda row: row.description),
        ("tenant", lambda row: row.tenant.domain),
    ),
)


def _bulk(table: Table, model: type[Model], button: BulkAction) -> Bulk:
    rows: Any = model
    return Bulk(
        table,
        Permission.OUTBOUND_WRITE,
        lambda actor: rows.objects.visible_to(actor).select_related("tenant"),
        ((button, changes.delete),),
    )


OF_COUNTRIES: Final = _bulk(
    COUNTRIES, AllowedCountry, deleting(_("Delete these countries? Calls there are refused from now on."))
)
OF_DISALLOWED: Final = _bulk(
    DISALLOWED,
    DisallowedCode,
    deleting(_("Delete these codes? Numbers that begin like this can be called from now on.")),
)
OF_EMERGENCY: Final = _bulk(
    EMERGENCY,
    EmergencyNumber,
    deleting(_("Delete these emergency numbers? Those of the country remain.")),
)
