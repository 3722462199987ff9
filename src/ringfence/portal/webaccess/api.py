"""REST: web access and its certificate."""

from typing import Any

from ninja import Field, Router, Schema

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In
from ringfence.portal.webaccess import changes

router = Router()


class CertificateOut(Schema):
    subject: str
    issuer: str
    names: list[str]
    not_before: str
    not_after: str
    days_left: int
    key: str
    fingerprint: str
    self_signed: bool
    chain: list[str]


class CertificateIn(In):
    """PEM text. The key may stand in `chain`; `host` is the name people type, which the certificate must cover."""

    chain: str = Field(max_length=changes.LONGEST_PEM)
    key: str = Field("", max_length=changes.LONGEST_PEM)
    host: str = Field("", max_length=253)


class WebAccessOut(Schema):
    redirect_80: bool
    redirect_443: bool
    provisioning_http: bool
    sbc_provisioning_http: bool
    hsts: bool
    administrator_networks: list[str]


class WebAccessIn(In):
    redirect_80: bool | None = None
    redirect_443: bool | None = None
    provisioning_http: bool | None = None
    sbc_provisioning_http: bool | None = None
    administrator_networks: list[str] | None = None


@router.get("settings/web-access", response=WebAccessOut)
@needs(Permission.SYSTEM_READ)
def show_web_access(request: ApiRequest) -> dict[str, Any]:
    """Ports open beside 8887, whether browsers are told to stay with HTTPS, where administrators come from."""
    return changes.current(request.auth)


@router.patch("settings/web-access", response=WebAccessOut)
@needs(Permission.WEB_WRITE)
def change_web_access(request: ApiRequest, payload: WebAccessIn) -> dict[str, Any]:
    """Ports open and close at once, without dropping a connection."""
    values = payload.model_dump(exclude_none=True)
    wanted = values.pop("administrator_networks", None)
    if wanted is not None:
        changes.admit_administrators(request.auth, wanted)
    if values:
        changes.switch_listeners(request.auth, values)
    return changes.current(request.auth)


@router.get("certificates/web", response=CertificateOut)
@needs(Permission.SYSTEM_READ)
def show_certificate(request: ApiRequest) -> Any:
    """The certificate that is served now."""
    return changes.current(request.auth)["certificate"]


@router.put("certificates/web", response=CertificateOut)
@needs(Permission.WEB_WRITE)
def bring_certificate(request: ApiRequest, payload: CertificateIn) -> Any:
    """Checked first; the one in force stays if anything is wrong. The key is never shown again."""
    return changes.bring_certificate(request.auth, payload.chain, payload.key, payload.host)["certificate"]
