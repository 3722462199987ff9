"""The table of the audit log."""

import json
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ringfence.portal.tables import Column, Empty, Filter, Table

AREAS: Final = (
    ("user.", _("users")),
    ("tenant.", _("tenants")),
    ("security.", _("security settings")),
    ("ip_filter.", _("IP blacklist")),
    ("ban.", _("bans")),
)


def _search(found: Any, wanted: str) -> Any:
    return found.filter(
        Q(actor__icontains=wanted)
        | Q(object_label__icontains=wanted)
        | Q(action__icontains=wanted)
        | Q(address__startswith=wanted)
    )


AUDIT_LOG: Final = Table(
    name=_("entries"),
    path="/audit-log",
    row="audit/entries_row.html",
    columns=(
        Column("time", _("Time"), ("id",)),
        Column("who", _("Who"), ("actor",), "hide-phone"),
        Column("what", _("What"), ("action",)),
        Column("change", _("Change"), css="hide-phone"),
    ),
    order="-time",
    empty=Empty("list-check", _("Nothing has been changed yet")),
    search=_search,
    search_hint=_("Person, object, action or address"),
    filters=(Filter("area", _("Area"), AREAS, lambda rows, chosen: rows.filter(action__startswith=chosen)),),
    export=(
        ("id", lambda row: row.id),
        ("at", lambda row: row.at),
        ("actor", lambda row: row.actor),
        ("address", lambda row: row.address),
        ("action", lambda row: row.action),
        ("object", lambda row: row.object_label),
        ("changes", lambda row: json.dumps(row.changes, sort_keys=True)),
        ("hash", lambda row: row.hash),
    ),
    live=5,
)
