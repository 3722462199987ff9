"""REST: how the media of a tenant's extensions is encrypted."""

from typing import Any

from ninja import Router

from ringfence.policy.relay.encryption import Encryption
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.paging import RowId
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out
from ringfence.portal.tenants import media
from ringfence.portal.tenants.api import tenant_of

router = Router()


class TenantMediaPatch(In):
    """What is left out stays."""

    encryption: Encryption | None = None
    aes_256_only: bool | None = None


class TenantMediaOut(Out):
    """`encryption` holds for every extension without a setting of its own."""

    encryption: Encryption
    aes_256_only: bool


@router.get("tenants/{int:tenant_id}/media", response=TenantMediaOut)
@needs(Permission.USERS_READ)
def show_tenant_media(request: ApiRequest, tenant_id: RowId) -> dict[str, Any]:
    return media.facts(tenant_of(request.auth, tenant_id))


@router.patch("tenants/{int:tenant_id}/media", response=TenantMediaOut)
@needs(Permission.TENANT_WRITE)
def change_tenant_media(request: ApiRequest, tenant_id: RowId, payload: TenantMediaPatch) -> dict[str, Any]:
    """In force for the next call; calls that are up keep what they agreed on."""
    tenant = tenant_of(request.auth, tenant_id)
    return media.facts(media.set_media(request.auth, tenant, payload.encryption, payload.aes_256_only))
