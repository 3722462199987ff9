"""What can be done to the certificates that SIP shows for the domains of tenants (RFC 6066 section 3).

They belong to the transports process; the portal never keeps a key.
"""

from typing import Any

from ringfence.portal import places, processes
from ringfence.portal.access import require, require_any
from ringfence.portal.actor import Actor
from ringfence.portal.change import SECRET_CHANGED, change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, refuse
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.transports.changes import TransportsSilent
from ringfence.portal.webaccess.changes import LONGEST_PEM

PATIENCE = 60.0
"""Seconds: the core reads all of its certificates anew."""

type Certificates = dict[str, dict[str, Any]]


def current(actor: Actor) -> Certificates:
    """What is in force, by domain. Raises Forbidden or TransportsSilent."""
    require_any(actor, Permission.SYSTEM_READ, Permission.WEB_WRITE)
    return _ask("certificates.show")


def bring(actor: Actor, domain: str, chain: str, key: str) -> dict[str, Any]:
    """Phones that ask for this domain are shown it from now on; connections stay. Raises Refused with the fault, and
    what was there stays then; NotFound for a domain that is no tenant's."""
    require(actor, Permission.WEB_WRITE)
    tenant = Tenant.objects.filter(domain=domain.lower()).first()
    if tenant is None:
        raise NotFound(detail=f"There is no tenant with the domain {domain}.")
    if len(chain) > LONGEST_PEM or len(key) > LONGEST_PEM:
        raise refuse("chain", "certificate.length", "This is too much text for a certificate with its chain.")
    before = _ask("certificates.show").get(tenant.domain)
    after = _ask("certificates.put", domain=tenant.domain, chain=chain, key=key)[tenant.domain]
    with change(actor) as draft:
        new = {**(_told(after) or {}), "key": SECRET_CHANGED}
        draft.record("certificate.changed", tenant.domain, tenant.domain, _told(before), new, tenant.pk)
    return after


def drop(actor: Actor, domain: str) -> None:
    """The domain is served with the system's own certificate again. Raises NotFound or TransportsSilent."""
    require(actor, Permission.WEB_WRITE)
    before = _ask("certificates.show").get(domain.lower())
    if before is None:
        raise NotFound(detail=f"The domain {domain} has no certificate of its own.")
    _ask("certificates.drop", domain=domain.lower())
    with change(actor) as draft:
        draft.record("certificate.deleted", domain.lower(), domain.lower(), old=_told(before))


def _told(certificate: dict[str, Any] | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    return {"fingerprint": certificate["fingerprint"], "names": certificate["names"]}


def _ask(verb: str, **args: Any) -> Certificates:
    silent = TransportsSilent(
        detail="The process that holds the certificates of SIP does not answer; nothing was changed. It is restarted "
        "by itself; see: ringfence logs transports"
    )
    answer = processes.ask(places.PATHS.transports_socket, silent, verb, PATIENCE, **args)
    found: Certificates = answer["certificates"]
    return found
