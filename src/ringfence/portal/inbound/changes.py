"""What can be done to numbers, inbound rules and blocked callers."""

import re
from dataclasses import dataclass
from typing import Any, Final

from django.db.models.functions import Length

from ringfence.policy.calls.destinations import parse_destination
from ringfence.policy.settings import Problem
from ringfence.policy.trunking.inbound import ANONYMOUS, blocked_key, did_key
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import Change, change
from ringfence.portal.inbound.models import BlockedCaller, InboundRule, NumberPool, NumberRange
from ringfence.portal.inbound.written import no_destination, objection_to_destination, written_out
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, NotFound, Refused, refuse
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.text import description_problem, label_problem
from ringfence.portal.trunks.models import Trunk

MOST_IN_A_RANGE: Final = 10_000
MARKED_ONE_BY_ONE: Final = 200
"""A longer range is published with all other numbers at once."""

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{3,16}")
_PATTERN: Final = re.compile(r"\+[1-9][0-9]{0,16}\*?")


@dataclass(frozen=True, slots=True)
class RuleWish:
    """An inbound rule as somebody wants it."""

    name: str
    first: str
    last: str
    destination: str


def add_pool(actor: Actor, tenant_id: int, trunk_id: int, first: str, last: str) -> NumberPool:
    """Raises Refused, NotFound or Conflict."""
    require(actor, Permission.TRUNKS_WRITE)
    first, last = _range(first, last)
    tenant = tenant_of(actor, tenant_id)
    trunk = Trunk.objects.filter(pk=trunk_id).first()
    if trunk is None:
        raise NotFound([Problem("trunk_id", "trunk.not_found", "There is no such trunk.")])
    if trunk.tenant_id not in (None, tenant.pk):
        raise refuse("trunk_id", "trunk.of_another", f"The trunk {trunk.name} belongs to another tenant.")
    with change(actor) as draft:
        for other in _overlapping(NumberPool, first, last).select_related("tenant", "trunk"):
            message = f"{other} of {other.tenant.name} over {other.trunk.name} has some of these numbers already."
            raise Conflict([Problem("first", "number_pool.overlap", message)])
        pool = NumberPool.objects.create(tenant=tenant, trunk=trunk, first=first, last=last)
        draft.record("number_pool.created", pk := pool.pk, str(pool), new=pool_facts(pool), tenant_id=tenant.pk)
        _publish(draft, pool)
    return NumberPool.objects.get(pk=pk)


def remove_pool(actor: Actor, pool: NumberPool) -> None:
    """Its rules stay and lead nowhere until the tenant has these numbers again."""
    require(actor, Permission.TRUNKS_WRITE)
    with change(actor) as draft:
        draft.record("number_pool.deleted", pool.pk, str(pool), old=pool_facts(pool), tenant_id=pool.tenant_id)
        _publish(draft, pool)
        pool.delete()


def add_rule(actor: Actor, tenant_id: int, wish: RuleWish) -> InboundRule:
    """Raises Refused, NotFound or Conflict."""
    require(actor, Permission.INBOUND_WRITE)
    tenant = tenant_of(actor, tenant_id)
    rule = InboundRule(tenant=tenant)
    with change(actor) as draft:
        _fill(rule, wish)
        rule.save()
        draft.record("inbound_rule.created", rule.pk, rule.name, new=rule_facts(rule), tenant_id=tenant.pk)
        _publish(draft, rule)
    return rule


def alter_rule(actor: Actor, rule: InboundRule, wish: RuleWish) -> InboundRule:
    """Raises Refused or Conflict."""
    require(actor, Permission.INBOUND_WRITE)
    with change(actor) as draft:
        before = rule_facts(rule)
        _publish(draft, rule)
        _fill(rule, wish)
        rule.save()
        draft.record("inbound_rule.changed", rule.pk, rule.name, before, rule_facts(rule), rule.tenant_id)
        _publish(draft, rule)
    return rule


def remove_rule(actor: Actor, rule: InboundRule) -> None:
    require(actor, Permission.INBOUND_WRITE)
    with change(actor) as draft:
        draft.record("inbound_rule.deleted", rule.pk, rule.name, old=rule_facts(rule), tenant_id=rule.tenant_id)
        _publish(draft, rule)
        rule.delete()


def block(actor: Actor, tenant_id: int, pattern: str, description: str = "") -> BlockedCaller:
    """Raises Refused, NotFound or Conflict."""
    require(actor, Permission.INBOUND_WRITE)
    tenant, pattern, description = tenant_of(actor, tenant_id), pattern.strip().lower(), description.strip()
    if pattern != ANONYMOUS and not _PATTERN.fullmatch(pattern):
        message = "Write a number as +4930123456, the beginning of numbers as +4930*, or anonymous."
        raise refuse("pattern", "blocked_caller.pattern", message)
    if problem := description_problem("description", description):
        raise Refused([problem])
    with change(actor) as draft:
        if BlockedCaller.objects.filter(tenant=tenant, pattern=pattern).exists():
            raise Conflict([Problem("pattern", "blocked_caller.exists", f"{pattern} is blocked already.")])
        row = BlockedCaller.objects.create(tenant=tenant, pattern=pattern, description=description)
        draft.record("blocked_caller.created", row.pk, pattern, new={"pattern": pattern}, tenant_id=tenant.pk)
        draft.lookup(blocked_key(tenant.pk, pattern))
    return row


def unblock(actor: Actor, row: BlockedCaller) -> None:
    require(actor, Permission.INBOUND_WRITE)
    with change(actor) as draft:
        old = {"pattern": row.pattern}
        draft.record("blocked_caller.deleted", row.pk, row.pattern, old=old, tenant_id=row.tenant_id)
        draft.lookup(blocked_key(row.tenant_id, row.pattern))
        row.delete()


def pool_facts(pool: NumberPool) -> dict[str, Any]:
    return {"tenant_id": pool.tenant_id, "trunk_id": pool.trunk_id, "first": pool.first, "last": pool.last}


def rule_facts(rule: InboundRule) -> dict[str, Any]:
    return {
        "tenant_id": rule.tenant_id,
        "name": rule.name,
        "first": rule.first,
        "last": rule.last,
        "destination": rule.destination,
    }


def tenant_of(actor: Actor, tenant_id: int) -> Tenant:
    found: Tenant | None = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if found is None:
        raise NotFound([Problem("tenant_id", "tenant.not_found", "There is no such tenant.")])
    return found


def _fill(rule: InboundRule, wish: RuleWish) -> None:
    first, last = _range(wish.first, wish.last)
    if problem := label_problem("name", wish.name):
        raise Refused([problem])
    written = written_out(rule.tenant_id, wish.destination)
    try:
        destination = parse_destination(written)
    except ValueError as error:
        raise Refused([no_destination("destination", written)]) from error
    objection = objection_to_destination(rule.tenant_id, "destination", destination)
    if objection and str(destination) != rule.destination:  # what it led to may have been deleted since
        raise Refused([objection])
    pools = NumberPool.objects.filter(tenant_id=rule.tenant_id)
    if not any(len(pool.first) == len(first) and pool.first <= first and last <= pool.last for pool in pools):
        raise refuse("first", "inbound_rule.not_yours", "The tenant has no numbers like these; see its number pools.")
    for other in _overlapping(InboundRule, first, last).exclude(pk=rule.pk):
        message = f"The rule {other.name} ({other}) has some of these numbers already."
        raise Conflict([Problem("first", "inbound_rule.overlap", message)])
    rule.name, rule.first, rule.last, rule.destination = wish.name.strip(), first, last, str(destination)


def _range(first: str, last: str) -> tuple[str, str]:
    first, last = first.strip(), last.strip() or first.strip()
    for field, number in (("first", first), ("last", last)):
        if not _NUMBER.fullmatch(number):
            raise refuse(field, "number.e164", f"{number[:40]!r} is no number like +4930123456.")
    if len(first) != len(last) or last < first:
        raise refuse("last", "number.range", "A range ends with a number as long as the first one and not before it.")
    if int(last) - int(first) >= MOST_IN_A_RANGE:
        raise refuse("last", "number.range", f"A range has at most {MOST_IN_A_RANGE} numbers.")
    return first, last


def _overlapping(model: Any, first: str, last: str) -> Any:
    """Ranges that have a number in common with this one; equally long texts compare as numbers do."""
    return model.objects.annotate(digits=Length("first")).filter(digits=len(first), first__lte=last, last__gte=first)


def _publish(draft: Change, numbers: NumberRange) -> None:
    found = numbers.numbers()
    draft.lookups += [did_key(number) for number in found] if len(found) <= MARKED_ONE_BY_ONE else ["did/"]
