"""The table of tenants."""

from typing import Any, Final

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension
from ringfence.portal.tables import Column, Empty, Table
from ringfence.portal.tenants.models import Tenant


def tenants_of(actor: Actor) -> QuerySet[Any]:
    """Tenants with the number of their extensions, counted only for the rows shown."""
    counted = Extension.objects.filter(tenant=OuterRef("pk")).order_by().values("tenant").annotate(n=Count("pk"))
    return Tenant.objects.visible_to(actor).annotate(size=Coalesce(Subquery(counted.values("n")), 0))


def _search(found: Any, wanted: str) -> Any:
    return found.filter(Q(name__icontains=wanted) | Q(domain__icontains=wanted))


TENANTS: Final = Table(
    name=_("tenants"),
    path="/tenants",
    row="tenants/tenants_row.html",
    columns=(
        Column("name", _("Name"), ("name",)),
        Column("domain", _("SIP domain"), ("domain",), "hide-phone"),
        Column("size", _("Extensions"), css="text-end hide-phone"),
        Column("actions", ""),
    ),
    order="name",
    empty=Empty(
        "building",
        _("No tenants yet"),
        _("A tenant is one customer with its own SIP domain, users and call records."),
        "/tenants/new",
        _("Add the first tenant"),
    ),
    search=_search,
    search_hint=_("Name or domain"),
    export=(
        ("name", lambda row: row.name),
        ("domain", lambda row: row.domain),
        ("extensions", lambda row: row.size),
        ("created_at", lambda row: row.created_at),
    ),
)
