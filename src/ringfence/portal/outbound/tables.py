"""The tables of outbound rules and office hours."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from ringfence.portal.outbound.forms import spans_text
from ringfence.portal.tables import Column, Empty, Table


def _named(found: Any, wanted: str) -> Any:
    return found.filter(name__icontains=wanted)


RULES: Final = Table(
    name=_("outbound rules"),
    path="/outbound-rules",
    row="outbound/rules_row.html",
    columns=(
        Column("order", _("Order"), ("order",), "text-end"),
        Column("name", _("Name"), ("name",)),
        Column("tenant", _("Tenant"), ("tenant__name",), "hide-phone"),
        Column("numbers", _("Numbers"), css="hide-phone"),
        Column("callers", _("Callers"), css="hide-phone"),
        Column("available", _("Available"), ("availability",)),
    ),
    order="order",
    empty=Empty(
        "phone-call",
        _("No outbound rules yet"),
        _("Without a rule no call leaves the system, emergency calls apart."),
        "/outbound-rules/new",
        _("Add the first rule"),
    ),
    search=_named,
    search_hint=_("Name"),
    export=(
        ("order", lambda row: row.order),
        ("name", lambda row: row.name),
        ("tenant", lambda row: row.tenant.domain),
        ("enabled", lambda row: row.enabled),
        ("prefixes", lambda row: ";".join(row.prefixes)),
        ("lengths", lambda row: ";".join(str(length) for length in row.lengths)),
        ("callers", lambda row: ";".join(row.callers)),
        ("reaches", lambda row: ";".join(row.reaches)),
        ("availability", lambda row: row.availability),
        ("trunks", lambda row: ";".join(str(route["trunk_id"]) for route in row.routes)),
        ("strip", lambda row: row.routes[0]["strip"] if row.routes else ""),
        ("prepend", lambda row: row.routes[0]["prepend"] if row.routes else ""),
    ),
)

HOURS: Final = Table(
    name=_("office hours"),
    path="/office-hours",
    row="outbound/hours_row.html",
    columns=(
        Column("name", _("Name"), ("name",)),
        Column("tenant", _("Tenant"), ("tenant__name",), "hide-phone"),
        Column("spans", _("Hours")),
        Column("general", _("General"), ("is_general",)),
    ),
    order="name",
    empty=Empty(
        "clock",
        _("No office hours yet"),
        _("Outbound rules can be available in office hours only."),
        "/office-hours/new",
        _("Add the first office hours"),
    ),
    search=_named,
    search_hint=_("Name"),
    export=(
        ("name", lambda row: row.name),
        ("tenant", lambda row: row.tenant.domain),
        ("general", lambda row: row.is_general),
        ("hours", lambda row: spans_text(row.spans).replace("\n", "; ")),
    ),
)
