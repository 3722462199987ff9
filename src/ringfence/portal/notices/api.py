"""REST: destinations of notices."""

from typing import Any

from ninja import Field, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.notices import changes
from ringfence.portal.notices.changes import Wish
from ringfence.portal.notices.means import LogTransport, MailEncryption, Means
from ringfence.portal.notices.models import Destination
from ringfence.portal.notices.topics import Topic
from ringfence.portal.paging import PageOut, PageQuery, RowId, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.schema import In, Out

router = Router()


class SettingsIn(In):
    """What the means needs: host and port for e-mail and syslog, the address for a webhook, and so on."""

    host: str = Field("", max_length=253)
    port: int | None = Field(None, ge=1, le=65_535)
    encryption: MailEncryption = MailEncryption.STARTTLS
    username: str = Field("", max_length=200)
    sender: str = Field("", max_length=254)
    recipients: list[str] = Field(default_factory=list, max_length=20)
    url: str = Field("", max_length=500)
    private_network: bool = False
    transport: LogTransport = LogTransport.TLS


class DestinationIn(In):
    name: str = Field(..., max_length=64)
    means: Means
    topics: list[Topic] = Field(..., max_length=20)
    enabled: bool = True
    storm_bans: int = Field(20, ge=2, le=1_000)
    settings: SettingsIn
    secret: str | None = Field(None, max_length=500, description="The password of a mail account.")


class DestinationPatch(In):
    name: str | None = Field(None, max_length=64)
    topics: list[Topic] | None = Field(None, max_length=20)
    enabled: bool | None = None
    storm_bans: int | None = Field(None, ge=2, le=1_000)
    settings: SettingsIn | None = None
    secret: str | None = Field(None, max_length=500)


class DestinationOut(Out):
    id: int
    name: str
    means: Means
    enabled: bool
    topics: list[str]
    storm_bans: int
    settings: dict[str, Any]
    has_secret: bool
    waiting: int
    lost: int
    delivered_at: str | None
    last_error: str


class MadeDestinationOut(DestinationOut):
    """`key` signs a webhook's deliveries; it is shown this once."""

    key: str


class KeyOut(Out):
    key: str


class DestinationPage(PageOut):
    items: list[DestinationOut]


def shown(destination: Destination) -> dict[str, Any]:
    delivered = destination.delivered_at
    return {
        "id": destination.pk,
        **changes.facts(destination),
        "has_secret": bool(destination.secret),
        "waiting": destination.notices.count(),
        "lost": destination.lost,
        "delivered_at": delivered.isoformat() if delivered else None,
        "last_error": destination.last_error,
    }


def _destination(destination_id: int) -> Destination:
    found = Destination.objects.filter(pk=destination_id).first()
    if found is None:
        raise NotFound(detail="There is no such destination.")
    return found


@router.get("notice-destinations", response=DestinationPage)
@needs(Permission.SECURITY_READ)
def list_destinations(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(Destination.objects.all(), page, shown)


@router.post("notice-destinations", response={201: MadeDestinationOut})
@needs(Permission.SECURITY_WRITE)
def create_destination(request: ApiRequest, payload: DestinationIn) -> Status[Any]:
    topics = tuple(topic.value for topic in payload.topics)
    settings = payload.settings.dict(exclude_unset=True)
    wish = Wish(payload.name, topics, settings, payload.enabled, payload.storm_bans, payload.secret)
    destination, key = changes.add(request.auth, payload.means, wish)
    return Status(201, {**shown(destination), "key": key})


@router.get("notice-destinations/{int:destination_id}", response=DestinationOut)
@needs(Permission.SECURITY_READ)
def show_destination(request: ApiRequest, destination_id: RowId) -> dict[str, Any]:
    return shown(_destination(destination_id))


@router.patch("notice-destinations/{int:destination_id}", response=DestinationOut)
@needs(Permission.SECURITY_WRITE)
def change_destination(request: ApiRequest, destination_id: RowId, payload: DestinationPatch) -> dict[str, Any]:
    """Settings that are left out stay."""
    destination = _destination(destination_id)
    now = changes.facts(destination)
    wish = Wish(
        name=now["name"] if payload.name is None else payload.name,
        topics=tuple(now["topics"] if payload.topics is None else (topic.value for topic in payload.topics)),
        settings={**now["settings"], **(payload.settings.dict(exclude_unset=True) if payload.settings else {})},
        enabled=now["enabled"] if payload.enabled is None else payload.enabled,
        storm_bans=now["storm_bans"] if payload.storm_bans is None else payload.storm_bans,
        secret=payload.secret,
    )
    return shown(changes.alter(request.auth, destination, wish))


@router.delete("notice-destinations/{int:destination_id}", response={204: None})
@needs(Permission.SECURITY_WRITE)
def delete_destination(request: ApiRequest, destination_id: RowId) -> Status[Any]:
    changes.remove(request.auth, _destination(destination_id))
    return Status(204, None)


@router.post("notice-destinations/{int:destination_id}/test", response={204: None})
@needs(Permission.SECURITY_WRITE)
def test_destination(request: ApiRequest, destination_id: RowId) -> Status[Any]:
    """Sends a notice now; 502 says what the peer answered."""
    changes.test(request.auth, _destination(destination_id))
    return Status(204, None)


@router.post("notice-destinations/{int:destination_id}/key", response=KeyOut)
@needs(Permission.SECURITY_WRITE)
def renew_key(request: ApiRequest, destination_id: RowId) -> dict[str, Any]:
    """A new signing key for a webhook, shown once."""
    return {"key": changes.renew_key(request.auth, _destination(destination_id))}
