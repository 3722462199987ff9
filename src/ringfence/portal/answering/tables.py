"""The tables of ring groups, announcements and time conditions."""

from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ringfence.portal.tables import Column, Empty, Table


def _search(found: Any, wanted: str) -> Any:
    return found.filter(Q(name__icontains=wanted) | Q(number__startswith=wanted))


RING_GROUPS: Final = Table(
    name=_("ring groups"),
    path="/ring-groups",
    row="answering/ring_groups_row.html",
    columns=(
        Column("number", _("Number"), ("number",)),
        Column("name", _("Name"), ("name",)),
        Column("tenant", _("Tenant"), ("tenant__name",), "hide-phone"),
        Column("members", _("Members")),
        Column("otherwise", _("Otherwise"), css="hide-phone"),
    ),
    order="number",
    empty=Empty(
        "users",
        _("No ring groups yet"),
        _("A ring group lets several extensions ring under one number, at once or one after the other."),
        "/ring-groups/new",
        _("Add the first ring group"),
    ),
    search=_search,
    search_hint=_("Number or name"),
    export=(
        ("number", lambda row: row.number),
        ("name", lambda row: row.name),
        ("members", lambda row: " ".join(row.members)),
        ("otherwise", lambda row: row.otherwise),
    ),
)

ANNOUNCEMENTS: Final = Table(
    name=_("announcements"),
    path="/announcements",
    row="answering/announcements_row.html",
    columns=(
        Column("number", _("Number"), ("number",)),
        Column("name", _("Name"), ("name",)),
        Column("tenant", _("Tenant"), ("tenant__name",), "hide-phone"),
        Column("seconds", _("Length"), ("seconds",), "text-end"),
        Column("delete", _("Actions"), css="text-end"),
    ),
    order="number",
    empty=Empty(
        "info-circle",
        _("No announcements yet"),
        _("An announcement is played to whoever calls its number."),
        "/announcements/new",
        _("Add the first announcement"),
    ),
    search=_search,
    search_hint=_("Number or name"),
)

TIME_CONDITIONS: Final = Table(
    name=_("time conditions"),
    path="/time-conditions",
    row="answering/time_conditions_row.html",
    columns=(
        Column("number", _("Number"), ("number",)),
        Column("name", _("Name"), ("name",)),
        Column("tenant", _("Tenant"), ("tenant__name",), "hide-phone"),
        Column("hours", _("Office hours"), ("office_hours__name",)),
        Column("in_hours", _("In office hours"), css="hide-phone"),
        Column("out_of_hours", _("Out of office hours"), css="hide-phone"),
    ),
    order="number",
    empty=Empty(
        "clock",
        _("No time conditions yet"),
        _("A time condition leads calls elsewhere in office hours than out of them."),
        "/time-conditions/new",
        _("Add the first time condition"),
    ),
    search=_search,
    search_hint=_("Number or name"),
    export=(
        ("number", lambda row: row.number),
        ("name", lambda row: row.name),
        ("office_hours", lambda row: row.office_hours.name),
        ("in_hours", lambda row: row.in_hours),
        ("out_of_hours", lambda row: row.out_of_hours),
    ),
)
