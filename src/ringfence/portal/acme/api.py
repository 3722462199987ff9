"""REST: certificates of an authority (ACME)."""

from typing import Any

from ninja import Field, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.acme import changes
from ringfence.portal.acme.changes import LONGEST, MOST_NAMES
from ringfence.portal.acme.models import CertificateOrder
from ringfence.portal.actor import ApiRequest
from ringfence.portal.paging import PageOut, PageQuery, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out

router = Router()


class AcmeOut(Out):
    directory: str
    names: list[str]
    email: str
    terms_agreed: bool
    renew: bool
    authority: str = Field(description="PEM; empty: those authorities that this machine trusts.")
    external_key_id: str
    has_external_key: bool
    renew_at: str | None = Field(description="When the certificate in force is renewed; null: it was not ordered here.")


class AcmeIn(In):
    directory: str | None = Field(None, max_length=LONGEST["directory"], description="https:// address of a directory.")
    names: list[str] | None = Field(None, max_length=MOST_NAMES, description="Host names; the first is checked.")
    email: str | None = Field(None, max_length=LONGEST["email"])
    terms_agreed: bool | None = None
    renew: bool | None = Field(None, description="Renew when two thirds of the lifetime are over.")
    authority: str | None = Field(None, max_length=LONGEST["authority"], description="PEM of a private authority.")
    external_key_id: str | None = Field(None, max_length=LONGEST["external_key_id"])
    external_key: str | None = Field(None, max_length=LONGEST["external_key"], description="Never shown again.")


class CertificateOrderOut(Out):
    id: int
    state: str
    asked_at: str
    asked_by: str
    renewal: bool
    ended_at: str | None
    fingerprint: str
    error: str


class CertificateOrderPage(PageOut):
    items: list[CertificateOrderOut]


def shown(order: CertificateOrder) -> dict[str, Any]:
    return {
        "id": order.pk,
        "state": str(order.state),
        "asked_at": order.asked_at.isoformat(),
        "asked_by": order.asked_by,
        "renewal": order.renewal,
        "ended_at": order.ended_at.isoformat() if order.ended_at else None,
        "fingerprint": order.fingerprint,
        "error": order.error,
    }


@router.get("settings/acme", response=AcmeOut)
@needs(Permission.SYSTEM_READ)
def show_acme(request: ApiRequest) -> dict[str, Any]:
    """Where the certificate of portal and SIP is ordered, and for which names."""
    return changes.current(request.auth)


@router.patch("settings/acme", response=AcmeOut)
@needs(Permission.WEB_WRITE)
def change_acme(request: ApiRequest, payload: AcmeIn) -> dict[str, Any]:
    """What is not named stays."""
    return changes.configure(request.auth, payload.model_dump(exclude_none=True))


@router.get("certificates/web/orders", response=CertificateOrderPage)
@needs(Permission.SYSTEM_READ)
def list_orders(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    """The newest first."""
    return rows(CertificateOrder.objects.all(), page, shown)


@router.post("certificates/web/orders", response={201: CertificateOrderOut})
@needs(Permission.WEB_WRITE)
def order_certificate(request: ApiRequest) -> Status[Any]:
    """Orders one within seconds; it is put in force only if it passes the checks of an upload."""
    return Status(201, shown(changes.ask_for_one(request.auth)))
