"""What can be done to time conditions."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from ringfence.policy.calls.destinations import DestinationKind, parse_destination
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.answering.changes import name_problems, number_problems, tenant_of
from ringfence.portal.answering.models import TimeCondition
from ringfence.portal.change import change
from ringfence.portal.inbound.written import no_destination, objection_to_destination, written_out
from ringfence.portal.outbound.models import OfficeHours
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused


@dataclass(frozen=True, slots=True)
class ConditionWish:
    """A whole time condition as it is to be; both destinations as text, such as `extension:101`."""

    number: str
    name: str
    office_hours_id: int
    in_hours: str
    out_of_hours: str


def create_condition(actor: Actor, tenant_id: int, wish: ConditionWish) -> TimeCondition:
    """Raises Refused or NotFound."""
    return change_condition(actor, TimeCondition(tenant=tenant_of(actor, tenant_id)), wish)


def change_condition(actor: Actor, row: TimeCondition, wish: ConditionWish) -> TimeCondition:
    """Raises Refused."""
    require(actor, Permission.INBOUND_WRITE)
    in_hours, out_of_hours = (written_out(row.tenant_id, text) for text in (wish.in_hours, wish.out_of_hours))
    wish = replace(wish, in_hours=in_hours, out_of_hours=out_of_hours)
    if problems := _problems(row, wish):
        raise Refused(problems)
    with change(actor) as draft:
        old = facts(row) if row.pk else None
        for name, value in asdict(wish).items():
            setattr(row, name, value.strip() if isinstance(value, str) else value)
        row.save()
        action = "time_condition.changed" if old else "time_condition.created"
        draft.record(action, row.pk, row.name, old, facts(row), row.tenant_id)
        draft.rules()
    return row


def delete_condition(actor: Actor, row: TimeCondition) -> None:
    require(actor, Permission.INBOUND_WRITE)
    with change(actor) as draft:
        draft.record("time_condition.deleted", row.pk, row.name, old=facts(row), tenant_id=row.tenant_id)
        draft.rules()
        row.delete()


def facts(row: TimeCondition) -> dict[str, Any]:
    """What the audit log keeps, and REST shows."""
    return {name: getattr(row, name) for name in ConditionWish.__slots__}


def _problems(row: TimeCondition, wish: ConditionWish) -> list[Problem]:
    found = [*number_problems(row.tenant_id, wish.number, row), *name_problems(wish.name)]
    if not OfficeHours.objects.filter(tenant_id=row.tenant_id, pk=wish.office_hours_id).exists():
        found.append(Problem("office_hours_id", "time_condition.hours", "The tenant has no such office hours."))
    for name in ("in_hours", "out_of_hours"):
        found += _destination_problems(row, name, getattr(wish, name), wish.number)
    return found


def _destination_problems(row: TimeCondition, name: str, text: str, own_number: str) -> list[Problem]:
    try:
        destination = parse_destination(text)
    except ValueError:
        return [no_destination(name, text)]
    if destination.kind is DestinationKind.TIME_CONDITION and destination.value == own_number:
        return [Problem(name, "time_condition.itself", "A time condition does not lead to itself.")]
    objection = objection_to_destination(row.tenant_id, name, destination)
    return [objection] if objection and text != getattr(row, name) else []
