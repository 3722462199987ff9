"""REST: time conditions."""

from typing import Any

from ninja import Field, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.answering import timed
from ringfence.portal.answering.models import TimeCondition
from ringfence.portal.paging import PageOut, PageQuery, RowId, of_tenant, one_of, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out

router = Router()


class TimeConditionIn(In):
    """Both destinations as in inbound rules: `extension:101`, `ring_group:600`, `voicemail:101`, `hang_up:`."""

    tenant_id: RowId
    number: str = Field(max_length=64)
    name: str = Field(max_length=64)
    office_hours_id: RowId
    in_hours: str = Field(max_length=96)
    out_of_hours: str = Field(max_length=96)


class TimeConditionPatch(In):
    number: str | None = Field(None, max_length=64)
    name: str | None = Field(None, max_length=64)
    office_hours_id: RowId | None = None
    in_hours: str | None = Field(None, max_length=96)
    out_of_hours: str | None = Field(None, max_length=96)


class TimeConditionOut(Out):
    id: int
    tenant_id: int
    number: str
    name: str
    office_hours_id: int
    in_hours: str
    out_of_hours: str


class TimeConditionPage(PageOut):
    items: list[TimeConditionOut]


def shown(row: TimeCondition) -> dict[str, Any]:
    return {"id": row.pk, "tenant_id": row.tenant_id, **timed.facts(row)}


def condition_of(actor: Actor, row_id: int) -> TimeCondition:
    """Raises NotFound."""
    found: TimeCondition = one_of(TimeCondition.objects.visible_to(actor), row_id, "There is no such time condition.")
    return found


@router.get("time-conditions", response=TimeConditionPage)
@needs(Permission.INBOUND_READ)
def list_conditions(request: ApiRequest, page: PageQuery, tenant_id: RowId | None = None) -> dict[str, Any]:
    found = TimeCondition.objects.visible_to(request.auth)
    return rows(of_tenant(found, tenant_id), page, shown)


@router.post("time-conditions", response={201: TimeConditionOut})
@needs(Permission.INBOUND_WRITE)
def create_condition(request: ApiRequest, payload: TimeConditionIn) -> Status[Any]:
    given = payload.dict()
    tenant_id = given.pop("tenant_id")
    return Status(201, shown(timed.create_condition(request.auth, tenant_id, timed.ConditionWish(**given))))


@router.get("time-conditions/{int:time_condition_id}", response=TimeConditionOut)
@needs(Permission.INBOUND_READ)
def show_condition(request: ApiRequest, time_condition_id: RowId) -> dict[str, Any]:
    return shown(condition_of(request.auth, time_condition_id))


@router.patch("time-conditions/{int:time_condition_id}", response=TimeConditionOut)
@needs(Permission.INBOUND_WRITE)
def change_condition(request: ApiRequest, time_condition_id: RowId, payload: TimeConditionPatch) -> dict[str, Any]:
    row = condition_of(request.auth, time_condition_id)
    given = {name: value for name, value in payload.dict().items() if value is not None}
    wish = timed.ConditionWish(**{**timed.facts(row), **given})
    return shown(timed.change_condition(request.auth, row, wish))


@router.delete("time-conditions/{int:time_condition_id}", response={204: None})
@needs(Permission.INBOUND_WRITE)
def delete_condition(request: ApiRequest, time_condition_id: RowId) -> Status[Any]:
    timed.delete_condition(request.auth, condition_of(request.auth, time_condition_id))
    return Status(204, None)
