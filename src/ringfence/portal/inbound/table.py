"""The tables of inbound rules, number pools and blocked callers."""

from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ringfence.portal.tables import Column, Empty, Table


def _by_number(found: Any, wanted: str) -> Any:
    return found.filter(Q(first__contains=wanted) | Q(last__contains=wanted))


RULES: Final = Table(
    name=_("inbound rules"),
    path="/inbound-rules",
    row="inbound/rules_row.html",
    columns=(
        Column("numbers", _("Numbers"), ("first",)),
        Column("name", _("Name"), ("name",)),
        Column("tenant", _("Tenant"), css="hide-phone"),
        Column("destination", _("Leads to")),
    ),
    order="numbers",
    empty=Empty(
        "phone-incoming",
        _("No inbound rules yet"),
        _(
            "A call from outside goes where the rule of its number leads; without one it is refused. Which numbers a"
            " tenant has stands in its number pools."
        ),
        "/inbound-rules/new",
        _("Add the first rule"),
    ),
    search=lambda found, wanted: found.filter(Q(first__contains=wanted) | Q(name__icontains=wanted)),
    search_hint=_("Number or name"),
    export=(
        ("first", lambda row: row.first),
        ("last", lambda row: row.last),
        ("name", lambda row: row.name),
        ("tenant", lambda row: row.tenant.domain),
        ("destination", lambda row: row.destination),
    ),
)

POOLS: Final = Table(
    name=_("number pools"),
    path="/number-pools",
    row="inbound/pools_row.html",
    columns=(
        Column("numbers", _("Numbers"), ("first",)),
        Column("tenant", _("Tenant")),
        Column("trunk", _("Trunk"), css="hide-phone"),
        Column("actions", ""),
    ),
    order="numbers",
    empty=Empty(
        "phone",
        _("No numbers yet"),
        _("Numbers of a tenant, and the trunk they are reached over."),
        "/number-pools/new",
        _("Add the first numbers"),
    ),
    search=_by_number,
    search_hint=_("Number"),
    export=(
        ("first", lambda row: row.first),
        ("last", lambda row: row.last),
        ("tenant", lambda row: row.tenant.domain),
        ("trunk", lambda row: row.trunk.name),
    ),
)

BLOCKED: Final = Table(
    name=_("blocked callers"),
    path="/blocked-callers",
    row="inbound/blocked_row.html",
    columns=(
        Column("pattern", _("Caller"), ("pattern",)),
        Column("tenant", _("Tenant"), css="hide-phone"),
        Column("description", _("Description"), css="hide-phone"),
        Column("actions", ""),
    ),
    order="pattern",
    empty=Empty("ban", _("Nobody is blocked"), _("A blocked caller from outside is declined before anything rings.")),
    search=lambda found, wanted: found.filter(Q(pattern__contains=wanted) | Q(description__icontains=wanted)),
    search_hint=_("Number or description"),
    export=(
        ("pattern", lambda row: row.pattern),
        ("tenant", lambda row: row.tenant.domain),
        ("description", lambda row: row.description),
    ),
)
