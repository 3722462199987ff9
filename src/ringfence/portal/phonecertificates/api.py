"""REST: certificates of phones, and who signs them."""

from base64 import b64encode
from typing import Annotated, Any

from django.db import transaction
from ninja import Field, Query, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, RowId, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.phonecertificates import authority, changes
from ringfence.portal.phonecertificates.models import PhoneCertificate
from ringfence.portal.problems import NotFound
from ringfence.portal.provisioning.changes import extension_named
from ringfence.portal.schema import In, Out

router = Router()


class PhoneCertificateIn(In):
    """With a passphrase there is a PKCS#12 file as well."""

    tenant_id: RowId
    extension: str = Field(max_length=64)
    passphrase: str = Field("", max_length=128)


class PhoneCertificateOut(Out):
    id: int
    tenant_id: int | None
    aor: str
    serial: str
    fingerprint: str
    created_at: str
    ends_at: str
    revoked_at: str | None


class MadeCertificateOut(PhoneCertificateOut):
    """PEM; `pkcs12` is Base64, null without a passphrase. The key is shown this once and kept nowhere."""

    certificate: str
    key: str
    authority: str
    pkcs12: str | None


class PhoneCertificatePage(PageOut):
    items: list[PhoneCertificateOut]


class AuthorityOut(Out):
    """`certificate` is that of our own authority; while `brought` is not empty, that one signs instead."""

    certificate: str
    brought: str


class AuthorityIn(In):
    """PEM. Empty: our own authority signs. A revocation list needs exactly one authority, which signed it."""

    authorities: str = Field("", max_length=changes.LONGEST_PEM)
    revoked: str = Field("", max_length=changes.LONGEST_PEM)


def certificate_of(actor: Actor, certificate_id: int) -> PhoneCertificate:
    """Raises NotFound."""
    found = PhoneCertificate.objects.visible_to(actor).filter(pk=certificate_id).first()
    if found is None:
        raise NotFound(detail="There is no such certificate.")
    return found


@router.get("phone-certificates", response=PhoneCertificatePage)
@needs(Permission.PHONES_READ)
def list_phone_certificates(
    request: ApiRequest, page: PageQuery, tenant_id: Annotated[RowId | None, Query()] = None
) -> dict[str, Any]:
    found = PhoneCertificate.objects.visible_to(request.auth)
    return rows(found if tenant_id is None else found.filter(tenant_id=tenant_id), page, changes.facts)


@router.post("phone-certificates", response={201: MadeCertificateOut})
@needs(Permission.PHONES_WRITE)
def make_phone_certificate(request: ApiRequest, payload: PhoneCertificateIn) -> Status[Any]:
    """A transport that asks for certificates lets the phone connect with it and register this extension, no other."""
    extension = extension_named(request.auth, payload.tenant_id, payload.extension)
    row, issued = changes.make(request.auth, extension)
    packed = issued.pkcs12(row.aor, payload.passphrase) if payload.passphrase else b""
    texts = {"certificate": issued.pem, "key": issued.key_pem, "authority": issued.authority_pem}
    return Status(201, {**changes.facts(row), **texts, "pkcs12": b64encode(packed).decode() if packed else None})


@router.get("phone-certificates/{int:certificate_id}", response=PhoneCertificateOut)
@needs(Permission.PHONES_READ)
def show_phone_certificate(request: ApiRequest, certificate_id: RowId) -> dict[str, Any]:
    return changes.facts(certificate_of(request.auth, certificate_id))


@router.delete("phone-certificates/{int:certificate_id}", response=PhoneCertificateOut)
@needs(Permission.PHONES_WRITE)
def revoke_phone_certificate(request: ApiRequest, certificate_id: RowId) -> dict[str, Any]:
    """Revokes it for ever: no new connection with it. One that is open lasts until the phone's registration ends."""
    return changes.facts(changes.revoke(request.auth, certificate_of(request.auth, certificate_id)))


@router.get("certificates/phones", response=AuthorityOut)
@needs(Permission.SYSTEM_READ)
def show_authority(request: ApiRequest) -> dict[str, Any]:
    """Who signs certificates of phones."""
    return _authority()


@router.put("certificates/phones", response=AuthorityOut)
@needs(Permission.WEB_WRITE)
def trust_authority(request: ApiRequest, payload: AuthorityIn) -> dict[str, Any]:
    """Another authority instead of our own, or our own again. Connections stay."""
    changes.trust(request.auth, payload.authorities, payload.revoked)
    return _authority()


def _authority() -> dict[str, Any]:
    with transaction.atomic():
        row = authority.own()
    return {"certificate": row.certificate, "brought": row.brought}
