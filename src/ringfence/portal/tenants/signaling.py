"""How a tenant's extensions speak SIP (reference: "TLS and WSS for SIP Signaling"), and with which digests."""

from typing import Any

from ringfence.hosts.transports import SipTransport, read_transports
from ringfence.policy.settings import Problem
from ringfence.portal import places
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tenants.models import Tenant


def facts(tenant: Tenant) -> dict[str, Any]:
    return {"tls_only": tenant.tls_only, "sha_256_digests": tenant.sha_256_digests}


def set_signaling(actor: Actor, tenant: Tenant, tls_only: bool | None, sha_256_digests: bool | None) -> Tenant:
    """Changes what is given; in force for the next message. Raises Forbidden, or Refused without an encrypted transport
    to speak.
    """
    require(actor, Permission.TENANT_WRITE)
    if tls_only and not any(one.protocol.is_secure for one in read_transports(places.PATHS.transports)):
        message = "This system has neither a TLS nor a WSS transport, so no phone could register; add one first."
        raise Refused([Problem("tls_only", "tenant.no_tls", message)])
    with change(actor) as draft:
        row: Tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        old = facts(row)
        row.tls_only = row.tls_only if tls_only is None else tls_only
        row.sha_256_digests = row.sha_256_digests if sha_256_digests is None else sha_256_digests
        row.save(update_fields=["tls_only", "sha_256_digests"])
        draft.record("tenant.signaling_changed", row.pk, row.name, old, facts(row), row.pk)
        draft.rules()
    return row


def refuse_last_encrypted(left: tuple[SipTransport, ...]) -> None:
    """Raises Refused if these transports would leave a tenant with TLS only without any."""
    if any(one.protocol.is_secure for one in left):
        return
    tenant = Tenant.objects.filter(tls_only=True).first()
    if tenant is not None:
        message = f"The tenant {tenant.name} speaks TLS only, and this is the last encrypted transport."
        raise Refused([Problem("port", "transport.used", message)])
