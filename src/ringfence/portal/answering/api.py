"""REST: ring groups and announcements."""

from typing import Any

from ninja import Field, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.answering import changes
from ringfence.portal.answering.models import Announcement, RingGroup
from ringfence.portal.paging import PageOut, PageQuery, RowId, of_tenant, one_of, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out
from ringfence.portal.voicemail.api import LONGEST_UPLOAD, decoded

router = Router()


class RingGroupIn(In):
    """`together`: all members ring at once; otherwise one after the other, each for `ring_seconds`."""

    tenant_id: RowId
    number: str = Field(max_length=64)
    name: str = Field(max_length=64)
    members: list[str] = Field(max_length=changes.MOST_MEMBERS)
    together: bool = True
    ring_seconds: int = 20
    otherwise: str = Field("", max_length=64)


class RingGroupPatch(In):
    number: str | None = Field(None, max_length=64)
    name: str | None = Field(None, max_length=64)
    members: list[str] | None = Field(None, max_length=changes.MOST_MEMBERS)
    together: bool | None = None
    ring_seconds: int | None = None
    otherwise: str | None = Field(None, max_length=64)


class RingGroupOut(Out):
    id: int
    tenant_id: int
    number: str
    name: str
    members: list[str]
    together: bool
    ring_seconds: int
    otherwise: str


class RingGroupPage(PageOut):
    items: list[RingGroupOut]


class AnnouncementIn(In):
    """`audio` is a WAV file (16 bit PCM, at most 40 seconds) in Base64."""

    tenant_id: RowId
    number: str = Field(max_length=64)
    name: str = Field(max_length=64)
    audio: str = Field(max_length=LONGEST_UPLOAD)


class AnnouncementOut(Out):
    id: int
    tenant_id: int
    number: str
    name: str
    seconds: float


class AnnouncementPage(PageOut):
    items: list[AnnouncementOut]


def group_facts(group: RingGroup) -> dict[str, Any]:
    return {"id": group.pk, "tenant_id": group.tenant_id, **changes.facts(group)}


def group_of(actor: Actor, group_id: int) -> RingGroup:
    """Raises NotFound."""
    visible = RingGroup.objects.visible_to(actor).select_related("tenant")
    found: RingGroup = one_of(visible, group_id, "There is no such ring group.")
    return found


@router.get("ring-groups", response=RingGroupPage)
@needs(Permission.INBOUND_READ)
def list_groups(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    found = RingGroup.objects.visible_to(request.auth)
    return rows(of_tenant(found, tenant_id), page, group_facts)


@router.post("ring-groups", response={201: RingGroupOut})
@needs(Permission.INBOUND_WRITE)
def create_group(request: ApiRequest, payload: RingGroupIn) -> Status[Any]:
    given = payload.dict()
    tenant_id = given.pop("tenant_id")
    wish = changes.GroupWish(**{**given, "members": tuple(given["members"])})
    return Status(201, group_facts(changes.create_group(request.auth, tenant_id, wish)))


@router.get("ring-groups/{int:ring_group_id}", response=RingGroupOut)
@needs(Permission.INBOUND_READ)
def show_group(request: ApiRequest, ring_group_id: RowId) -> dict[str, Any]:
    return group_facts(group_of(request.auth, ring_group_id))


@router.patch("ring-groups/{int:ring_group_id}", response=RingGroupOut)
@needs(Permission.INBOUND_WRITE)
def change_group(request: ApiRequest, ring_group_id: RowId, payload: RingGroupPatch) -> dict[str, Any]:
    group = group_of(request.auth, ring_group_id)
    given = {name: value for name, value in payload.dict().items() if value is not None}
    whole = {**changes.facts(group), **given}
    wish = changes.GroupWish(**{**whole, "members": tuple(whole["members"])})
    return group_facts(changes.change_group(request.auth, group, wish))


@router.delete("ring-groups/{int:ring_group_id}", response={204: None})
@needs(Permission.INBOUND_WRITE)
def delete_group(request: ApiRequest, ring_group_id: RowId) -> Status[Any]:
    changes.delete_group(request.auth, group_of(request.auth, ring_group_id))
    return Status(204, None)


def announcement_facts(row: Announcement) -> dict[str, Any]:
    return {"id": row.pk, "tenant_id": row.tenant_id, **changes.announced(row)}


def announcement_of(actor: Actor, announcement_id: int) -> Announcement:
    """Raises NotFound."""
    visible = Announcement.objects.visible_to(actor)
    found: Announcement = one_of(visible, announcement_id, "There is no such announcement.")
    return found


@router.get("announcements", response=AnnouncementPage)
@needs(Permission.INBOUND_READ)
def list_announcements(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    found = Announcement.objects.visible_to(request.auth)
    return rows(of_tenant(found, tenant_id), page, announcement_facts)


@router.post("announcements", response={201: AnnouncementOut})
@needs(Permission.INBOUND_WRITE)
def create_announcement(request: ApiRequest, payload: AnnouncementIn) -> Status[Any]:
    made = changes.create_announcement(
        request.auth, payload.tenant_id, payload.number, payload.name, decoded(payload.audio)
    )
    return Status(201, announcement_facts(made))


@router.get("announcements/{int:announcement_id}", response=AnnouncementOut)
@needs(Permission.INBOUND_READ)
def show_announcement(request: ApiRequest, announcement_id: RowId) -> dict[str, Any]:
    return announcement_facts(announcement_of(request.auth, announcement_id))


@router.delete("announcements/{int:announcement_id}", response={204: None})
@needs(Permission.INBOUND_WRITE)
def delete_announcement(request: ApiRequest, announcement_id: RowId) -> Status[Any]:
    changes.delete_announcement(request.auth, announcement_of(request.auth, announcement_id))
    return Status(204, None)
