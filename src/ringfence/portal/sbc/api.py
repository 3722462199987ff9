"""REST: the SBC."""

from typing import Any

from ninja import Router, Schema

from ringfence.hosts.transports import ClientCertificates
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.permissions import Permission
from ringfence.portal.sbc import changes
from ringfence.portal.sbc.status import plain, status
from ringfence.portal.schema import In

router = Router()


class PlaceOut(Schema):
    protocol: str
    port: int
    listening: bool


class SbcOut(Schema):
    enabled: bool
    far: str
    link: str
    certificate: str
    bans_told: bool
    certificates_told: bool
    pages: list[str]
    clients: ClientCertificates
    transports: list[PlaceOut]
    rtp: str
    link_up: bool
    phones: int | None
    level_1_packets: int
    level_2_packets: int


class SbcPatch(In):
    """Whether phones that come over TLS on 5065 show a certificate: not, if they have one, or always."""

    clients: ClientCertificates


@router.get("sbc", response=SbcOut)
@needs(Permission.SYSTEM_READ)
def show_sbc(request: ApiRequest) -> Any:
    """Whether there is an SBC and on which host, where it listens, how many phones came through it, and its rates."""
    return plain(status(request.auth))


@router.patch("sbc", response=SbcOut)
@needs(Permission.WEB_WRITE)
def change_sbc(request: ApiRequest, payload: SbcPatch) -> Any:
    """The SBC is started anew within seconds; calls go on. Where certificates are required no browser phone connects.
    See `phone-certificates`."""
    changes.ask(request.auth, payload.clients)
    return plain(status(request.auth))
