"""The table of users with their extensions."""

from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension, Role, RoleQuerySet, extensions_named
from ringfence.portal.tables import BulkAction, Column, Empty, Filter, Table
from ringfence.portal.tenants.models import Tenant

PATH: Final = "/users"


def extensions_of(actor: Actor) -> QuerySet[Extension]:
    """The extensions this actor may see, with all that a row shows."""
    found = Extension.objects.select_related("person__role", "tenant")
    if actor.above_tenants:
        return found
    return found.none() if actor.tenant_id is None else found.filter(tenant_id=actor.tenant_id)


def users_table(actor: Actor) -> Table:
    """Its filters and its first step depend on who looks."""
    tenants = list(Tenant.objects.visible_to(actor)[:500])
    return Table(
        name=_("users"),
        path=PATH,
        row="people/users_row.html",
        columns=(
            Column("extension", _("Extension"), ("tenant_id", "number")),
            Column("name", _("Name"), ("person__display_name",)),
            Column("tenant", _("Tenant"), ("tenant__name",), "hide-phone"),
            Column("role", _("Role"), css="hide-phone"),
            Column("state", _("State")),
        ),
        order="extension",
        empty=_first_step(bool(tenants)),
        search=_search,
        search_hint=_("Name, extension or domain"),
        filters=_filters(tenants, Role.objects.visible_to(actor).of_extensions()),
        bulk=(
            BulkAction("activate", _("Activate")),
            BulkAction("deactivate", _("Switch off"), _("Switch these extensions off? Their phones stop working.")),
            BulkAction("delete", _("Delete"), _("Delete these extensions? Call records stay."), "btn-danger"),
        ),
        export=EXPORT,
    )


EXPORT: Final = (
    ("tenant", lambda row: row.tenant.domain),
    ("extension", lambda row: row.number),
    ("display_name", lambda row: row.person.display_name),
    ("role", lambda row: row.person.role.name if row.person.role else ""),
    ("active", lambda row: row.person.is_active),
    ("secret_changed_at", lambda row: row.secret_changed_at),
)


def _search(found: QuerySet[Extension], wanted: str) -> QuerySet[Extension]:
    named = Q(pk__in=extensions_named(wanted))
    hosts = list(Tenant.objects.filter(domain__icontains=wanted).order_by().values_list("pk", flat=True))
    return found.filter(named | Q(tenant_id__in=hosts) if hosts else named)


def _filters(tenants: list[Tenant], offered: RoleQuerySet) -> tuple[Filter, ...]:
    roles = tuple((str(role.pk), role.name) for role in offered.order_by("pk"))
    found = [
        Filter("role", _("Role"), roles, lambda rows, chosen: rows.filter(person__role_id=int(chosen))),
        Filter("state", _("State"), (("on", _("active")), ("off", _("off"))), _by_state),
    ]
    if len(tenants) > 1:
        choices = tuple((str(tenant.pk), tenant.name) for tenant in tenants)
        found.insert(0, Filter("tenant", _("Tenant"), choices, lambda rows, chosen: rows.filter(tenant_id=int(chosen))))
    return tuple(found)


def _by_state(rows: Any, chosen: str) -> Any:
    return rows.filter(person__is_active=chosen == "on")


def _first_step(has_tenant: bool) -> Empty:
    if not has_tenant:
        text = _("Users belong to a tenant; make one first.")
        return Empty("building", _("First a tenant"), text, "/tenants/new", _("Add a tenant"))
    text = _("Each user gets an extension and a generated SIP secret for the phone.")
    return Empty("users", _("No users yet"), text, "/users/new", _("Add the first user"))
