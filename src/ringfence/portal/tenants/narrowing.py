"""A filter by tenant above the lists of whoever looks after several, and the pages of such lists."""

from dataclasses import replace
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ringfence.portal.access import actor_of
from ringfence.portal.actor import Actor
from ringfence.portal.tables import Filter, Table, answer
from ringfence.portal.tables.bulk import Bulk
from ringfence.portal.tenants.models import Tenant

MOST: Final = 500
"""Tenants in the choice; beyond that the search has to do."""


def by_tenant(table: Table, actor: Actor, field: str = "tenant_id") -> Table:
    """The table with that filter; unchanged for whoever sees one tenant only. `field` leads from a row to it."""
    if not actor.above_tenants:
        return table
    names = tuple((str(key), name) for key, name in Tenant.objects.visible_to(actor).values_list("pk", "name")[:MOST])
    if len(names) < 2:
        return table
    narrowed = Filter("tenant", _("Tenant"), names, lambda rows, chosen: rows.filter(**{field: int(chosen)}))
    return replace(table, filters=(narrowed, *table.filters))


def list_page(request: HttpRequest, bulk: Bulk, template: str, field: str = "tenant_id", **facts: Any) -> HttpResponse:
    """The rows of a table that has buttons for marked ones; who may press those may also add a row."""
    actor = actor_of(request)
    table = by_tenant(bulk.shown_to(actor), actor, field)
    return answer(request, table, bulk.rows(actor), template, may_add=actor.may(bulk.permission), **facts)
