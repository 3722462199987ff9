"""REST: certificates that SIP shows for the domains of tenants."""

from typing import Any

from ninja import Field, Router, Schema, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In
from ringfence.portal.transports import certificates
from ringfence.portal.webaccess.api import CertificateOut
from ringfence.portal.webaccess.changes import LONGEST_PEM

router = Router()


class DomainCertificateOut(CertificateOut):
    domain: str


class DomainCertificatesOut(Schema):
    items: list[DomainCertificateOut]


class DomainCertificateIn(In):
    """PEM text. The key may stand in `chain`."""

    chain: str = Field(max_length=LONGEST_PEM)
    key: str = Field("", max_length=LONGEST_PEM)


@router.get("certificates/sip", response=DomainCertificatesOut)
@needs(Permission.SYSTEM_READ)
def list_domain_certificates(request: ApiRequest) -> dict[str, Any]:
    """Whoever asks for another domain, or for none, is shown the certificate of the portal."""
    return {"items": [{"domain": domain, **one} for domain, one in certificates.current(request.auth).items()]}


@router.put("certificates/sip/{domain}", response=DomainCertificateOut)
@needs(Permission.WEB_WRITE)
def bring_domain_certificate(request: ApiRequest, domain: str, payload: DomainCertificateIn) -> Any:
    """Checked first; the one in force stays if anything is wrong. Connections stay. The key is never shown again."""
    return {"domain": domain.lower(), **certificates.bring(request.auth, domain, payload.chain, payload.key)}


@router.delete("certificates/sip/{domain}", response={204: None})
@needs(Permission.WEB_WRITE)
def drop_domain_certificate(request: ApiRequest, domain: str) -> Any:
    """The domain is served with the portal's certificate again."""
    certificates.drop(request.auth, domain)
    return Status(204, None)
