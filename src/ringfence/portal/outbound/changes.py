"""What can be done to number plan, codes, office hours and outbound rules."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.apps import apps
from django.db import models

from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.outgoing.callplan import plan_key
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import Change, change
from ringfence.portal.inbound.models import is_anothers
from ringfence.portal.outbound import metadata
from ringfence.portal.outbound.compiling import plan_row
from ringfence.portal.outbound.models import (
    AllowedCountry,
    Availability,
    DisallowedCode,
    EmergencyNumber,
    NumberPlan,
    OfficeHours,
    OutboundRule,
)
from ringfence.portal.outbound.wishes import (
    HoursWish,
    PlanWish,
    RuleWish,
    code_problems,
    country_problem,
    emergency_problems,
)
from ringfence.portal.people.models import Group, Role
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, Forbidden, NotFound, Refused, refuse
from ringfence.portal.tenants.models import Tenant

TRUNKS = "ringfence.portal.trunks"


def tenant_for(actor: Actor, tenant_id: int) -> Tenant:
    """The tenant whose calls are concerned. Raises NotFound, which names the field."""
    found: Tenant | None = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if found is None:
        raise NotFound([Problem("tenant_id", "tenant.not_found", "There is no such tenant.")])
    return found


def trunks_of(tenant: Tenant) -> list[tuple[int, str]]:
    """The trunks that the tenant's calls may use, in order."""
    if not apps.is_installed(TRUNKS):
        return []
    registry: Any = apps
    trunk = registry.get_model("trunks", "Trunk")
    found = trunk.objects.filter(models.Q(tenant=None) | models.Q(tenant=tenant))
    return list(found.order_by("pk").values_list("pk", "name"))


def rule_over(trunk_id: int) -> OutboundRule | None:
    """An outbound rule with a route over this trunk."""
    rules = OutboundRule.objects.order_by("pk").iterator(chunk_size=2000)
    return next((rule for rule in rules if any(route["trunk_id"] == trunk_id for route in rule.routes)), None)


def set_plan(actor: Actor, tenant: Tenant, wish: PlanWish) -> NumberPlan:
    """Raises Refused."""
    require(actor, Permission.OUTBOUND_WRITE)
    _refuse_any(wish.problems())
    _refuse_strangers("emergency_trunks", wish.emergency_trunks, _trunk_ids(tenant))
    _refuse_anothers(tenant, "emergency_caller", wish.emergency_caller)
    with change(actor) as draft:
        row = plan_row(tenant)
        old = plan_facts(row)
        for name, value in asdict(wish).items():
            setattr(row, name, value)
        row.save()
        draft.record("number_plan.changed", tenant.pk, tenant.name, old, plan_facts(row), tenant.pk)
        draft.lookup(plan_key(tenant.pk))
    return row


def allow_country(actor: Actor, tenant_id: int, country: str) -> AllowedCountry:
    """Raises Refused, NotFound or Conflict."""
    require(actor, Permission.OUTBOUND_WRITE)
    tenant = tenant_for(actor, tenant_id)
    if country not in metadata.countries():
        raise Refused([country_problem("country", country)])
    _refuse_twin(AllowedCountry, tenant, "country", country)
    return _made(actor, AllowedCountry(tenant=tenant, country=country), "allowed_country")


def disallow_code(actor: Actor, tenant_id: int, prefix: str, description: str = "") -> DisallowedCode:
    """Raises Refused, NotFound or Conflict."""
    require(actor, Permission.OUTBOUND_WRITE)
    tenant = tenant_for(actor, tenant_id)
    _refuse_any(code_problems(prefix, description))
    prefix = read_dialled(prefix).digits
    _refuse_twin(DisallowedCode, tenant, "prefix", prefix)
    return _made(actor, DisallowedCode(tenant=tenant, prefix=prefix, description=description), "disallowed_code")


def add_emergency_number(actor: Actor, tenant_id: int, number: str, description: str = "") -> EmergencyNumber:
    """Not by a tenant's own administrator, whose calls it would free of every limit and budget.

    Raises Refused, NotFound, Forbidden or Conflict.
    """
    require(actor, Permission.OUTBOUND_WRITE)
    tenant = tenant_for(actor, tenant_id)
    _refuse_any(emergency_problems(number, description))
    if not actor.above_tenants:
        message = "Calls to emergency numbers know no limit and no budget, so they are added from above the tenants."
        raise Forbidden([Problem("number", "emergency.above_tenants", message)])
    _refuse_twin(EmergencyNumber, tenant, "number", number)
    return _made(actor, EmergencyNumber(tenant=tenant, number=number, description=description), "emergency_number")


def save_hours(actor: Actor, wish: HoursWish, row: OfficeHours) -> OfficeHours:
    """Makes office hours or changes them. Raises Refused or Conflict."""
    require(actor, Permission.OUTBOUND_WRITE)
    _refuse_any(wish.problems())
    _refuse_twin(OfficeHours, row.tenant, "name", wish.name, row.pk)
    others = OfficeHours.objects.filter(tenant=row.tenant, is_general=True).exclude(pk=row.pk)
    if wish.is_general and others.exists():
        raise Conflict([Problem("is_general", "hours.general", "The tenant has general office hours already.")])
    if row.is_general and not wish.is_general:
        if row.time_conditions.exists():
            raise Conflict(detail=f"Time conditions use these hours: {row.time_conditions.first()}.")
        _refuse_general_in_use(row)
    return _saved(actor, row, wish, "office_hours")


def save_rule(actor: Actor, wish: RuleWish, row: OutboundRule) -> OutboundRule:
    """Makes an outbound rule or changes it. Raises Refused or Conflict."""
    require(actor, Permission.OUTBOUND_WRITE)
    _refuse_any(wish.problems())
    tenant = row.tenant
    known = {
        "groups": set(Group.objects.filter(tenant=tenant).values_list("pk", flat=True)),
        "roles": set(Role.objects.for_tenant(tenant.pk).values_list("pk", flat=True)),
        "routes": _trunk_ids(tenant),
    }
    _refuse_strangers("groups", wish.groups, known["groups"])
    _refuse_strangers("roles", wish.roles, known["roles"])
    _refuse_strangers("routes", [route["trunk_id"] for route in wish.routes], known["routes"])
    _refuse_anothers(tenant, "routes", *(route["caller_number"] for route in wish.routes))
    hours = OfficeHours.objects.filter(tenant=tenant)
    if wish.office_hours_id is not None and not hours.filter(pk=wish.office_hours_id).exists():
        raise refuse("office_hours_id", "rule.office_hours", "The tenant has no such office hours.")
    if wish.availability == Availability.GENERAL and not hours.filter(is_general=True).exists():
        raise refuse("availability", "rule.no_general_hours", "The tenant has no general office hours yet.")
    _refuse_twin(OutboundRule, tenant, "name", wish.name, row.pk)
    _refuse_twin(OutboundRule, tenant, "order", wish.order, row.pk)
    return _saved(actor, row, wish, "outbound_rule")


def delete(actor: Actor, row: Any) -> None:
    """Deletes a code, office hours or a rule. Raises Conflict while a rule or a time condition needs it."""
    require(actor, Permission.OUTBOUND_WRITE)
    if isinstance(row, OfficeHours):
        if row.rules.exists():
            raise Conflict(detail=f"Outbound rules use these hours: {row.rules.first()}.")
        if row.time_conditions.exists():
            raise Conflict(detail=f"Time conditions use these hours: {row.time_conditions.first()}.")
        _refuse_general_in_use(row)
    with change(actor) as draft:
        draft.record(f"{_kind(row)}.deleted", row.pk, str(row), old=row_facts(row), tenant_id=row.tenant_id)
        draft.lookup(plan_key(row.tenant_id))
        row.delete()


def plan_facts(row: NumberPlan) -> dict[str, Any]:
    return {name: getattr(row, name) for name in PlanWish.__slots__}


def row_facts(row: Any) -> dict[str, Any]:
    """Every column of a row but its number and its tenant."""
    columns = (column.attname for column in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in columns if name not in ("id", "tenant_id")}


def _made[Row: models.Model](actor: Actor, row: Row, kind: str) -> Row:
    with change(actor) as draft:
        row.save()
        _note(draft, row, f"{kind}.created", {})
    return row


def _saved[Row: models.Model](actor: Actor, row: Row, wish: HoursWish | RuleWish, kind: str) -> Row:
    with change(actor) as draft:
        is_new, old = row.pk is None, {} if row.pk is None else row_facts(row)
        for name, value in asdict(wish).items():
            setattr(row, name, value)
        row.save()
        _note(draft, row, f"{kind}.{'created' if is_new else 'changed'}", old)
    return row


def _note(draft: Change, row: Any, action: str, old: dict[str, Any]) -> None:
    draft.record(action, row.pk, str(row), old, row_facts(row), row.tenant_id)
    draft.lookup(plan_key(row.tenant_id))


def _kind(row: Any) -> str:
    return {
        AllowedCountry: "allowed_country",
        DisallowedCode: "disallowed_code",
        EmergencyNumber: "emergency_number",
        OfficeHours: "office_hours",
        OutboundRule: "outbound_rule",
    }[type(row)]


def _refuse_any(problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise Refused(found)


def _refuse_twin(model: Any, tenant: Tenant, name: str, value: Any, own_id: int | None = None) -> None:
    if model.objects.filter(tenant=tenant, **{name: value}).exclude(pk=own_id).exists():
        what = model._meta.verbose_name
        raise Conflict([Problem(name, "outbound.exists", f"The tenant has the {name} {value!r} in another {what}.")])


def _refuse_strangers(name: str, wanted: list[int], known: set[int] | None) -> None:
    """Whatever a tenant's row names must be the tenant's own."""
    if known is not None and (strangers := [number for number in wanted if number not in known]):
        raise refuse(name, "outbound.stranger", f"The tenant has none with the number {strangers[0]}.")


def _refuse_anothers(tenant: Tenant, name: str, *numbers: str) -> None:
    """On a trunk that tenants share, nobody calls with the number of another one. Raises Refused."""
    if found := [number for number in numbers if number and is_anothers(tenant.pk, number)]:
        raise refuse(name, "calling.not_yours", f"{found[0]} is a number of another tenant.")


def _trunk_ids(tenant: Tenant) -> set[int] | None:
    """None while the system has no trunks at all to compare with."""
    return {number for number, _ in trunks_of(tenant)} if apps.is_installed(TRUNKS) else None


def _refuse_general_in_use(row: OfficeHours) -> None:
    users = OutboundRule.objects.filter(tenant=row.tenant, availability=Availability.GENERAL)
    if row.is_general and users.exists():
        raise Conflict(detail=f"Outbound rules follow the general office hours: {users.first()}.")
