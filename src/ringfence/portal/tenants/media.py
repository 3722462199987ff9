"""How the media of a tenant's extensions is encrypted (reference: "SRTP and DTLS-SRTP for Audio and Video")."""

from typing import Any

from ringfence.policy.relay.encryption import Encryption
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.tenants.models import Tenant


def facts(tenant: Tenant) -> dict[str, Any]:
    return {"encryption": tenant.media_encryption, "aes_256_only": tenant.aes_256_only}


def set_media(actor: Actor, tenant: Tenant, encryption: Encryption | None, aes_256_only: bool | None) -> Tenant:
    """Changes what is given; in force for the next call. Raises Forbidden."""
    require(actor, Permission.TENANT_WRITE)
    with change(actor) as draft:
        row: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        old = facts(row)
        row.media_encryption = row.media_encryption if encryption is None else encryption.value
        row.aes_256_only = row.aes_256_only if aes_256_only is None else aes_256_only
        row.save(update_fields=["media_encryption", "aes_256_only"])
        draft.record("tenant.media_changed", row.pk, row.name, old, facts(row), row.pk)
        draft.rules()
    return row
