"""The tables of roles, groups and operators."""

from typing import Any, Final

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Group, Person, Role
from ringfence.portal.people.operators import role_name
from ringfence.portal.tables import Column, Empty, Table


def roles_of(actor: Actor) -> QuerySet[Any]:
    """Roles with the number of people who have them."""
    found = Person.objects.visible_to(actor).filter(role=OuterRef("pk")).order_by()
    counted = found.values("role").annotate(n=Count("pk")).values("n")
    return Role.objects.visible_to(actor).select_related("tenant").annotate(size=Coalesce(Subquery(counted), 0))


def groups_of(actor: Actor) -> QuerySet[Any]:
    """Groups with the number of their members."""
    found = Person.objects.filter(member_of=OuterRef("pk")).order_by()
    counted = found.values("member_of").annotate(n=Count("pk")).values("n")
    size = Coalesce(Subquery(counted), 0)
    return Group.objects.visible_to(actor).select_related("tenant").annotate(size=size)


def operators_of() -> QuerySet[Any]:
    found: QuerySet[Any] = Person.objects.filter(tenant=None).select_related("role")
    return found


def _named(found: Any, wanted: str) -> Any:
    return found.filter(Q(name__icontains=wanted) | Q(description__icontains=wanted))


ROLES: Final = Table(
    name=_("roles"),
    path="/roles",
    row="people/roles_row.html",
    columns=(
        Column("name", _("Name"), ("name",)),
        Column("tenant", _("Tenant"), css="hide-phone"),
        Column("calls", _("Calls")),
        Column("size", _("People"), css="text-end"),
    ),
    order="name",
    empty=Empty("shield-lock", _("No roles")),
    search=_named,
    search_hint=_("Name or description"),
    export=(
        ("name", lambda row: row.name),
        ("tenant", lambda row: row.tenant.domain if row.tenant else ""),
        ("permissions", lambda row: " ".join(sorted(row.granted))),
        ("people", lambda row: row.size),
    ),
)

GROUPS: Final = Table(
    name=_("groups"),
    path="/groups",
    row="people/groups_row.html",
    columns=(
        Column("name", _("Name"), ("name",)),
        Column("tenant", _("Tenant"), ("tenant__name",), "hide-phone"),
        Column("description", _("Description"), css="hide-phone"),
        Column("size", _("Members"), css="text-end"),
    ),
    order="name",
    empty=Empty(
        "users",
        _("No groups yet"),
        _("A group gathers users of one tenant under a name."),
        "/groups/new",
        _("Add the first group"),
    ),
    search=_named,
    search_hint=_("Name or description"),
    export=(
        ("name", lambda row: row.name),
        ("tenant", lambda row: row.tenant.domain),
        ("description", lambda row: row.description),
        ("members", lambda row: row.size),
    ),
)

OPERATORS: Final = Table(
    name=_("operators"),
    path="/operators",
    row="people/operators_row.html",
    columns=(
        Column("username", _("Username"), ("username",)),
        Column("name", _("Name"), ("display_name",), "hide-phone"),
        Column("role", _("Role")),
        Column("state", _("State"), css="hide-phone"),
    ),
    order="username",
    empty=Empty("users", _("No operators")),
    search=lambda found, wanted: found.filter(Q(username__icontains=wanted) | Q(display_name__icontains=wanted)),
    search_hint=_("Name or username"),
    export=(
        ("username", lambda row: row.username),
        ("display_name", lambda row: row.display_name),
        ("role", role_name),
        ("active", lambda row: row.is_active),
    ),
)
