"""What can be done to certificates of phones."""

from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from django.db import transaction
from django.utils import timezone

from ringfence.hosts.transports import ClientCertificates, SipTransport
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import SECRET_CHANGED, change
from ringfence.portal.people.models import Extension
from ringfence.portal.permissions import Permission
from ringfence.portal.phonecertificates import authority
from ringfence.portal.phonecertificates.authority import Issued
from ringfence.portal.phonecertificates.models import PhoneCertificate
from ringfence.portal.problems import Conflict, refuse
from ringfence.portal.transports import changes as transports

MOST_OF_AN_EXTENSION: Final = 20
LONGEST_PEM: Final = 100_000


def make(actor: Actor, extension: Extension) -> tuple[PhoneCertificate, Issued]:
    """A certificate for a phone of this extension; its key is shown this once. Raises Refused. Whoever signs is
    told to the core when a transport asks for certificates, so a new one changes nothing there."""
    require(actor, Permission.PHONES_WRITE)
    with change(actor) as draft:
        now = timezone.now()
        valid = PhoneCertificate.objects.filter(aor=extension.aor, revoked_at__isnull=True, ends_at__gt=now)
        if valid.count() >= MOST_OF_AN_EXTENSION:
            message = f"Extension {extension.number} has {MOST_OF_AN_EXTENSION} certificates; revoke one first."
            raise Conflict([Problem("extension", "phone_certificate.too_many", message)])
        issued = authority.issue(extension.aor)
        row = PhoneCertificate.objects.create(
            tenant=extension.tenant,
            aor=extension.aor,
            serial=f"{issued.certificate.serial_number:x}",
            fingerprint=issued.certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
            created_at=now,
            ends_at=issued.certificate.not_valid_after_utc,
        )
        new = {**facts(row), "key": SECRET_CHANGED}
        draft.record("phone_certificate.created", row.pk, row.aor, new=new, tenant_id=row.tenant_id)
    return row, issued


def revoke(actor: Actor, row: PhoneCertificate) -> PhoneCertificate:
    """No new connection shows it from now on. Raises TransportsSilent; then it is not revoked."""
    require(actor, Permission.PHONES_WRITE)
    if row.revoked_at is not None:
        return row
    with change(actor) as draft:
        old = facts(row)
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        authority.put_in_force()
        draft.record("phone_certificate.revoked", row.pk, row.aor, old, facts(row), row.tenant_id)
    return row


def trust(actor: Actor, authorities: str, revoked: str) -> None:
    """Others sign from now on, instead of our own authority; "" is our own again. Raises Refused with the fault."""
    require(actor, Permission.WEB_WRITE)
    if len(authorities) > LONGEST_PEM or len(revoked) > LONGEST_PEM:
        raise refuse("authorities", "certificate.length", "This is too much text for an authority and its list.")
    if revoked and not authorities:
        raise refuse("revoked", "certificate.no_authority", "A revocation list belongs to an authority.")
    with change(actor) as draft:
        row = authority.own()
        old = {"brought": bool(row.brought), "list": bool(row.brought_revoked)}
        row.brought, row.brought_revoked = authorities.strip(), revoked.strip()
        row.save(update_fields=["brought", "brought_revoked"])
        authority.put_in_force()
        new = {"brought": bool(row.brought), "list": bool(row.brought_revoked), "authorities": SECRET_CHANGED}
        draft.record("phone_authority.changed", "", "Authority of phones", old, new)


def ask(actor: Actor, transport: str, clients: ClientCertificates) -> SipTransport:
    """Whether phones show a certificate on this transport. Raises NotFound, Refused or TransportsSilent."""
    require(actor, Permission.WEB_WRITE)
    if clients is not ClientCertificates.NONE:
        with transaction.atomic():
            authority.put_in_force()
    return transports.ask_for_certificates(actor, transport, clients)


def facts(row: PhoneCertificate) -> dict[str, Any]:
    return {
        "id": row.pk,
        "tenant_id": row.tenant_id,
        "aor": row.aor,
        "serial": row.serial,
        "fingerprint": row.fingerprint,
        "created_at": row.created_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }
