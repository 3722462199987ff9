"""REST: tenants."""

from typing import Any

from ninja import Router, Schema, Status

from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageQuery, rows
from ringfence.portal.problems import NotFound
from ringfence.portal.tenants import changes
from ringfence.portal.tenants.models import Tenant

router = Router()


class TenantIn(Schema):
    name: str
    domain: str


class TenantPatch(Schema):
    name: str


class TenantOut(Schema):
    id: int
    name: str
    domain: str
    created_at: str


class TenantPage(Schema):
    items: list[TenantOut]
    count: int


def tenant_facts(tenant: Tenant) -> dict[str, Any]:
    return {"id": tenant.pk, "name": tenant.name, "domain": tenant.domain, "created_at": tenant.created_at.isoformat()}


def tenant_of(actor: Actor, tenant_id: int) -> Tenant:
    """The tenant if the actor may see it. Raises NotFound."""
    found: Tenant | None = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if found is None:
        raise NotFound(detail="There is no such tenant.")
    return found


@router.get("tenants", response=TenantPage)
def list_tenants(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(Tenant.objects.visible_to(request.auth), page, tenant_facts)


@router.post("tenants", response={201: TenantOut})
def create_tenant(request: ApiRequest, payload: TenantIn) -> Status[Any]:
    return Status(201, tenant_facts(changes.create_tenant(request.auth, payload.name, payload.domain)))


@router.get("tenants/{int:tenant_id}", response=TenantOut)
def show_tenant(request: ApiRequest, tenant_id: int) -> dict[str, Any]:
    return tenant_facts(tenant_of(request.auth, tenant_id))


@router.patch("tenants/{int:tenant_id}", response=TenantOut)
def change_tenant(request: ApiRequest, tenant_id: int, payload: TenantPatch) -> dict[str, Any]:
    return tenant_facts(changes.rename_tenant(request.auth, tenant_of(request.auth, tenant_id), payload.name))


@router.delete("tenants/{int:tenant_id}", response={204: None})
def delete_tenant(request: ApiRequest, tenant_id: int) -> Status[Any]:
    changes.delete_tenant(request.auth, tenant_of(request.auth, tenant_id))
    return Status(204, None)
