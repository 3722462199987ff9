"""REST: number pools, inbound rules, blocked callers."""

from typing import Any

from ninja import Field, Router, Status

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.inbound import changes, explaining
from ringfence.portal.inbound.changes import RuleWish
from ringfence.portal.inbound.models import BlockedCaller, InboundRule, NumberPool
from ringfence.portal.paging import PageOut, PageQuery, RowId, one_of, rows
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In, Out

router = Router()


class PoolIn(In):
    """Numbers in E.164 with a plus; without `last` it is one number."""

    tenant_id: RowId
    trunk_id: RowId
    first: str = Field(max_length=24)
    last: str = Field("", max_length=24)


class PoolOut(Out):
    id: int
    tenant_id: int
    trunk_id: int
    first: str
    last: str


class PoolPage(PageOut):
    items: list[PoolOut]


class InboundRuleIn(In):
    """`destination` is extension:101, ring_group:600, voicemail:101, announcement:601 (each with the number that phones
    dial) or hang_up:"""

    tenant_id: RowId
    name: str = Field(max_length=64)
    first: str = Field(max_length=24)
    last: str = Field("", max_length=24)
    destination: str = Field(max_length=96)


class InboundRulePatch(In):
    name: str | None = Field(None, max_length=64)
    first: str | None = Field(None, max_length=24)
    last: str | None = Field(None, max_length=24)
    destination: str | None = Field(None, max_length=96)


class InboundRuleOut(Out):
    id: int
    tenant_id: int
    name: str
    first: str
    last: str
    destination: str


class InboundRulePage(PageOut):
    items: list[InboundRuleOut]


class InboundExplainIn(In):
    """`caller` is the number that calls, as the provider writes it; "" or anonymous for a withheld one."""

    number: str = Field(max_length=24)
    caller: str = Field("", max_length=64)
    at: str = Field("", max_length=40, description="A moment as 2026-12-24T18:00+01:00; empty: now.")


class InboundExplainOut(Out):
    """`rings` are the extensions that ring, `plays` the mailbox or announcement; `leaves_to` is set when an extension
    forwards the call outside.
    """

    number: str
    tenant_id: int
    trunk_id: int
    trunk: str
    inbound_rule: str
    destination: str
    caller: str
    blocked_by: str
    verdict: str
    code: int | None
    sentence: str
    rings: list[str]
    plays: str
    forwarded_by: list[str]
    leaves_to: str
    leaves_by: list[str]


class BlockIn(In):
    """`pattern` is a number, the beginning of numbers as +4930*, or the word anonymous."""

    tenant_id: RowId
    pattern: str = Field(max_length=24)
    description: str = Field("", max_length=200)


class BlockOut(Out):
    id: int
    tenant_id: int
    pattern: str
    description: str


class BlockPage(PageOut):
    items: list[BlockOut]


def pool_shown(pool: NumberPool) -> dict[str, Any]:
    return {"id": pool.pk, **changes.pool_facts(pool)}


def rule_shown(rule: InboundRule) -> dict[str, Any]:
    return {"id": rule.pk, **changes.rule_facts(rule)}


def block_shown(row: BlockedCaller) -> dict[str, Any]:
    return {"id": row.pk, "tenant_id": row.tenant_id, "pattern": row.pattern, "description": row.description}


@router.get("number-pools", response=PoolPage)
@needs(Permission.INBOUND_READ)
def list_pools(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(NumberPool.objects.visible_to(request.auth), page, pool_shown)


@router.post("number-pools", response={201: PoolOut})
@needs(Permission.TRUNKS_WRITE)
def create_pool(request: ApiRequest, payload: PoolIn) -> Status[Any]:
    return Status(201, pool_shown(changes.add_pool(request.auth, **payload.dict())))


@router.delete("number-pools/{int:pool_id}", response={204: None})
@needs(Permission.TRUNKS_WRITE)
def delete_pool(request: ApiRequest, pool_id: RowId) -> Status[Any]:
    changes.remove_pool(request.auth, one_of(NumberPool.objects.visible_to(request.auth), pool_id))
    return Status(204, None)


@router.get("inbound-rules", response=InboundRulePage)
@needs(Permission.INBOUND_READ)
def list_rules(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(InboundRule.objects.visible_to(request.auth), page, rule_shown)


@router.post("inbound-rules", response={201: InboundRuleOut})
@needs(Permission.INBOUND_WRITE)
def create_rule(request: ApiRequest, payload: InboundRuleIn) -> Status[Any]:
    wish = RuleWish(payload.name, payload.first, payload.last, payload.destination)
    return Status(201, rule_shown(changes.add_rule(request.auth, payload.tenant_id, wish)))


@router.post("inbound-rules/explain", response=InboundExplainOut)
@needs(Permission.INBOUND_READ)
def explain_inbound_rule(request: ApiRequest, payload: InboundExplainIn) -> dict[str, Any]:
    """Where a call to this number would lead now or at another time, and why; nothing rings."""
    return explaining.explain(request.auth, payload.number, payload.caller, payload.at)


@router.get("inbound-rules/{int:rule_id}", response=InboundRuleOut)
@needs(Permission.INBOUND_READ)
def show_rule(request: ApiRequest, rule_id: RowId) -> dict[str, Any]:
    return rule_shown(one_of(InboundRule.objects.visible_to(request.auth), rule_id))


@router.patch("inbound-rules/{int:rule_id}", response=InboundRuleOut)
@needs(Permission.INBOUND_WRITE)
def change_rule(request: ApiRequest, rule_id: RowId, payload: InboundRulePatch) -> dict[str, Any]:
    """What is left out stays."""
    rule = one_of(InboundRule.objects.visible_to(request.auth), rule_id)
    now = {name: value for name, value in changes.rule_facts(rule).items() if name != "tenant_id"}
    given = {name: value for name, value in payload.dict(exclude_unset=True).items() if value is not None}
    return rule_shown(changes.alter_rule(request.auth, rule, RuleWish(**{**now, **given})))


@router.delete("inbound-rules/{int:rule_id}", response={204: None})
@needs(Permission.INBOUND_WRITE)
def delete_rule(request: ApiRequest, rule_id: RowId) -> Status[Any]:
    changes.remove_rule(request.auth, one_of(InboundRule.objects.visible_to(request.auth), rule_id))
    return Status(204, None)


@router.get("blocked-callers", response=BlockPage)
@needs(Permission.INBOUND_READ)
def list_blocked(request: ApiRequest, page: PageQuery) -> dict[str, Any]:
    return rows(BlockedCaller.objects.visible_to(request.auth), page, block_shown)


@router.post("blocked-callers", response={201: BlockOut})
@needs(Permission.INBOUND_WRITE)
def create_blocked(request: ApiRequest, payload: BlockIn) -> Status[Any]:
    return Status(201, block_shown(changes.block(request.auth, **payload.dict())))


@router.delete("blocked-callers/{int:block_id}", response={204: None})
@needs(Permission.INBOUND_WRITE)
def delete_blocked(request: ApiRequest, block_id: RowId) -> Status[Any]:
    changes.unblock(request.auth, one_of(BlockedCaller.objects.visible_to(request.auth), block_id))
    return Status(204, None)
