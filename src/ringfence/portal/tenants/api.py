"""REST: tenants."""

from dataclasses import replace
from typing import Annotated, Any

from ninja import Field, Router, Status

from ringfence.policy.calls.limits import LONGEST_CALL_MINUTES, MOST_CALLS
from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.schema import In, Out
from ringfence.portal.tenants import changes
from ringfence.portal.tenants.models import Tenant

router = Router()

Limit = Annotated[int | None, Field(ge=1, le=changes.LARGEST_LIMIT)]
Calls = Annotated[int | None, Field(ge=0, le=MOST_CALLS)]
"""Null is no limit, 0 no call but emergency calls."""

Minutes = Annotated[int | None, Field(ge=1, le=LONGEST_CALL_MINUTES)]


class TenantIn(In):
    """`country` (ISO 3166) goes into the number plan; without one only 112 and 911 are emergency numbers."""

    name: str = Field(max_length=64)
    domain: str = Field(max_length=253)
    country: str = Field("", max_length=2)
    time_zone: str = Field("UTC", max_length=64)
    max_extensions: Limit = None
    max_concurrent_calls: Calls = None
    max_call_minutes: Minutes = None


class TenantPatch(In):
    """Limits are changed only from above the tenant; null takes one away."""

    name: str | None = Field(None, max_length=64)
    time_zone: str | None = Field(None, max_length=64)
    max_extensions: Limit = None
    max_concurrent_calls: Calls = None
    max_call_minutes: Minutes = None


class TenantOut(Out):
    id: int
    name: str
    domain: str
    time_zone: str
    max_extensions: int | None
    max_concurrent_calls: int | None
    max_call_minutes: int | None
    created_at: str


class TenantPage(PageOut):
    items: list[TenantOut]


def tenant_facts(tenant: Tenant) -> dict[str, Any]:
    return {"id": tenant.pk, **changes.facts(tenant), "created_at": tenant.created_at.isoformat()}


def tenant_of(actor: Actor, tenant_id: int) -> Tenant:
    """The tenant if the actor may see it. Raises NotFound."""
    found: Tenant | None = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if found is None:
        raise NotFound(detail="There is no such tenant.")
    return found


@router.get("tenants", response=TenantPage)
@needs(Permission.USERS_READ)
def list_tenants(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(Tenant.objects.visible_to(request.auth), page, tenant_facts)


@router.post("tenants", response={201: TenantOut})
@needs(Permission.TENANTS_WRITE)
def create_tenant(request: ApiRequest, payload: TenantIn) -> Status[Any]:
    limits = changes.Limits(payload.max_extensions, payload.max_concurrent_calls, payload.max_call_minutes)
    made = changes.create_tenant(request.auth, payload.name, payload.domain, payload.time_zone, limits, payload.country)
    return Status(201, tenant_facts(made))


@router.get("tenants/{int:tenant_id}", response=TenantOut)
@needs(Permission.USERS_READ)
def show_tenant(request: ApiRequest, tenant_id: RowId) -> dict[str, Any]:
    return tenant_facts(tenant_of(request.auth, tenant_id))


@router.patch("tenants/{int:tenant_id}", response=TenantOut)
@needs(Permission.TENANT_WRITE)
def change_tenant(request: ApiRequest, tenant_id: RowId, payload: TenantPatch) -> dict[str, Any]:
    tenant = tenant_of(request.auth, tenant_id)
    given = payload.model_dump(exclude_unset=True)
    changed = {name: given[name] for name in changes.RANGES if name in given}
    limits = replace(changes.limits_of(tenant), **changed) if changed else None
    return tenant_facts(changes.change_tenant(request.auth, tenant, payload.name, payload.time_zone, limits))


@router.delete("tenants/{int:tenant_id}", response={204: None})
@needs(Permission.TENANTS_WRITE)
def delete_tenant(request: ApiRequest, tenant_id: RowId) -> Status[Any]:
    changes.delete_tenant(request.auth, tenant_of(request.auth, tenant_id))
    return Status(204, None)
