"""REST: how a tenant's extensions speak SIP."""

from typing import Any

from ninja import Router

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.paging import RowId
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out
from ringfence.portal.tenants import signaling
from ringfence.portal.tenants.api import tenant_of

router = Router()


class TenantSignalingPatch(In):
    """What is left out stays."""

    tls_only: bool | None = None
    sha_256_digests: bool | None = None


class TenantSignalingOut(Out):
    """With `tls_only`, extensions register, call and are called over TLS or WSS, and over nothing else. With
    `sha_256_digests`, phones are asked for SHA-256 digests (RFC 8760); browsers go on with MD5 inside TLS.
    """

    tls_only: bool
    sha_256_digests: bool


@router.get("tenants/{int:tenant_id}/signaling", response=TenantSignalingOut)
@needs(Permission.USERS_READ)
def show_tenant_signaling(request: ApiRequest, tenant_id: RowId) -> dict[str, Any]:
    return signaling.facts(tenant_of(request.auth, tenant_id))


@router.patch("tenants/{int:tenant_id}/signaling", response=TenantSignalingOut)
@needs(Permission.TENANT_WRITE)
def change_tenant_signaling(request: ApiRequest, tenant_id: RowId, payload: TenantSignalingPatch) -> dict[str, Any]:
    """In force for the next message. Phones that are registered over UDP or TCP are not called any more."""
    tenant = tenant_of(request.auth, tenant_id)
    return signaling.facts(signaling.set_signaling(request.auth, tenant, payload.tls_only, payload.sha_256_digests))
