"""REST: the SBC."""

from typing import Any

from ninja import Router, Schema

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.permissions import Permission
from ringfence.portal.sbc.status import plain, status

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
    transports: list[PlaceOut]
    rtp: str
    link_up: bool
    phones: int | None
    level_1_packets: int
    level_2_packets: int


@router.get("sbc", response=SbcOut)
@needs(Permission.SYSTEM_READ)
def show_sbc(request: ApiRequest) -> Any:
    """Whether there is an SBC and on which host, where it listens, how many phones came through it, and its rates."""
    return plain(status(request.auth))
