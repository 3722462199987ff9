"""REST: whether a tenant's extensions speak SIP over TLS alone."""

from typing import Any

from ninja import Router

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.paging import RowId
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out
from ringfence.portal.tenants import tls
from ringfence.portal.tenants.api import tenant_of

router = Router()


class TenantSignalingPatch(In):
    tls_only: bool


class TenantSignalingOut(Out):
    """With `tls_only`, extensions register, call and are called over TLS or WSS, and over nothing else."""

    tls_only: bool


@router.get("tenants/{int:tenant_id}/signaling", response=TenantSignalingOut)
@needs(Permission.USERS_READ)
def show_tenant_signaling(request: ApiRequest, tenant_id: RowId) -> dict[str, Any]:
    return tls.facts(tenant_of(request.auth, tenant_id))


@router.patch("tenants/{int:tenant_id}/signaling", response=TenantSignalingOut)
@needs(Permission.TENANT_WRITE)
def change_tenant_signaling(request: ApiRequest, tenant_id: RowId, payload: TenantSignalingPatch) -> dict[str, Any]:
    """In force for the next message. Phones that are registered over UDP or TCP are not called any more."""
    return tls.facts(tls.set_tls_only(request.auth, tenant_of(request.auth, tenant_id), payload.tls_only))
