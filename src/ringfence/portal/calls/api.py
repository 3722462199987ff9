"""REST: registrations, live calls, call records."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from ninja import Router, Schema

from ringfence.policy.outgoing.spend import MILLION
from ringfence.portal.access import needs
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.calls import live
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.paging import PageOut, PageQuery, RowId, listed, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.recordings.models import Recording
from ringfence.portal.schema import Instant

router = Router()


class CallRecordOut(Schema):
    id: int
    call_id: str
    tenant_id: int | None
    caller: str
    callee: str
    dialled: str
    started_at: str
    answered_at: str | None
    ended_at: str
    duration: float
    ended_by: str
    code: int
    reason: str
    rule: str
    direction: str
    payer: str
    number: str
    trunk: int | None
    trunks: list[int]
    outbound_rule: str
    source: str
    codec: str
    caller_rtp: str
    called_rtp: str
    mos: float | None
    loss: float | None
    jitter: float | None
    round_trip: float | None
    destination: str
    rate: str
    cost: float | None
    ladder: str
    recorded: bool


class CallRecordPage(PageOut):
    items: list[CallRecordOut]


@router.get("registrations")
@needs(Permission.CALLS_READ)
def list_registrations(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return listed(live.registrations(request.auth), page)


@router.get("calls")
@needs(Permission.CALLS_READ)
def list_calls(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return listed(live.calls(request.auth), page)


def records_of(actor: Actor) -> QuerySet[Any]:
    """Each with `recorded`: whether a recording of the call is there."""
    kept = Recording.objects.filter(call_id=OuterRef("call_id"))
    return CallRecord.objects.visible_to(actor).annotate(recorded=Exists(kept))


def record_facts(record: CallRecord) -> dict[str, Any]:
    """Times in UTC, `duration` in seconds from answer to end, `cost` in currency units, null without a rate."""
    facts = {name: getattr(record, name) for name in CallRecordOut.model_fields}
    facts["started_at"] = record.started_at.isoformat()
    facts["answered_at"] = record.answered_at.isoformat() if record.answered_at else None
    facts["ended_at"] = record.ended_at.isoformat()
    facts["cost"] = None if record.cost is None else record.cost / MILLION
    return facts


@router.get("cdrs", response=CallRecordPage)
@needs(Permission.CALLS_READ)
def list_records(
    request: ApiRequest,
    page: PageQuery,
    tenant_id: RowId | None = None,
    party: str = "",
    call_id: str = "",
    started_after: Instant | None = None,
    started_before: Instant | None = None,
    answered: bool | None = None,
    direction: str = "",
    trunk: RowId | None = None,
    payer: str = "",
    rule: str = "",
) -> dict[str, Any]:
    """Newest first. `party` matches the beginning of caller, callee or the dialled number."""
    found = records_of(request.auth)
    if tenant_id is not None:
        found = found.filter(tenant_id=tenant_id)
    if call_id:
        found = found.filter(call_id=call_id)
    if party:
        found = found.filter(Q(caller__startswith=party) | Q(callee__startswith=party) | Q(dialled__startswith=party))
    if started_after is not None:
        found = found.filter(started_at__gte=started_after)
    if started_before is not None:
        found = found.filter(started_at__lt=started_before)
    if answered is not None:
        found = found.filter(answered_at__isnull=not answered)
    exact = {"direction": direction, "trunk": trunk, "payer": payer, "rule": rule}
    found = found.filter(**{name: value for name, value in exact.items() if value not in ("", None)})
    return rows(found, page, record_facts)


@router.get("cdrs/{int:record_id}", response=CallRecordOut)
@needs(Permission.CALLS_READ)
def show_record(request: ApiRequest, record_id: RowId) -> dict[str, Any]:
    found = records_of(request.auth).filter(pk=record_id).first()
    if found is None:
        raise NotFound(detail="There is no such call record.")
    return record_facts(found)
