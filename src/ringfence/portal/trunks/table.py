"""The table of trunks."""

from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ringfence.policy.trunking.trunks import TrunkKind
from ringfence.portal.tables import Column, Empty, Filter, Table

KINDS: Final = {
    TrunkKind.REGISTER: _("Register Based"),
    TrunkKind.ADDRESS: _("IP Based"),
    TrunkKind.ACCEPT_REGISTER: _("Accept Register"),
}


def _search(found: Any, wanted: str) -> Any:
    return found.filter(Q(name__icontains=wanted) | Q(domain__icontains=wanted) | Q(username__icontains=wanted))


TRUNKS: Final = Table(
    name=_("trunks"),
    path="/trunks",
    row="trunks/trunks_row.html",
    columns=(
        Column("name", _("Name"), ("name",)),
        Column("kind", _("Kind"), ("kind",), "hide-phone"),
        Column("tenant", _("Tenant"), css="hide-phone"),
        Column("transport", _("Transport"), ("transport",), "hide-phone"),
        Column("state", _("State")),
    ),
    order="name",
    empty=Empty(
        "world",
        _("No trunks yet"),
        _("A trunk is a way to a provider or a gateway. Without one, extensions only call each other."),
        "/trunks/new/register",
        _("Add the first trunk"),
    ),
    search=_search,
    search_hint=_("Name, domain or username"),
    filters=(
        Filter(
            "kind",
            _("Kind"),
            tuple((kind.value, title) for kind, title in KINDS.items()),
            lambda found, kind: found.filter(kind=kind),
        ),
    ),
    export=(
        ("name", lambda row: row.name),
        ("kind", lambda row: row.kind),
        ("tenant", lambda row: row.tenant.domain if row.tenant else ""),
        ("transport", lambda row: row.transport),
        ("encryption", lambda row: row.encryption),
        ("enabled", lambda row: row.enabled),
        ("hosts", lambda row: " ".join(f"{host}:{port}" for host, port in row.hosts)),
        ("sources", lambda row: " ".join(cidr for cidr, _ in row.sources)),
    ),
    live=10,
)
