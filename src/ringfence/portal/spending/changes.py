"""What can be done to rates and budgets."""

from dataclasses import asdict, fields, replace
from typing import Any, Final

from ringfence.policy.outgoing.spend import DEFAULTS, LONGEST_PREFIX, MILLION, Budget, Owner
from ringfence.policy.settings import Problem
from ringfence.portal import guard
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.people.models import Extension
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, Forbidden, NotFound, Refused, refuse
from ringfence.portal.spending.models import Budget as BudgetRow
from ringfence.portal.spending.models import Rate as RateRow
from ringfence.portal.spending.published import budget_of
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.text import control_problem

LIMITS: Final = tuple(item.name for item in fields(Budget) if item.name not in ("enabled", "warning_percent"))
MOST: Final = 1_000_000_000
MOST_RATE: Final = 1_000_000
"""Currency units, for a minute or an answered call."""

MONEY: Final = ("price", "fee", "money_per_day")
LONGEST_INCREMENT: Final = 3_600


def rate_problems(values: dict[str, Any]) -> list[Problem]:
    """What is wrong with a rate; prefixes are digits as in E.164, without a plus."""
    prefix, found = str(values["prefix"]), []
    if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= LONGEST_PREFIX and prefix[0] != "0"):
        message = f"A prefix is 1 to {LONGEST_PREFIX} digits in international form, without a plus or 00, as in 4930."
        found.append(Problem("prefix", "rate.prefix", message))
    for name in ("price", "fee"):
        if not 0 <= values[name] <= MOST_RATE * MILLION:
            found.append(Problem(name, "rate.money", f"The {name} is an amount from 0 to {MOST_RATE}."))
    for name in ("first", "each"):
        if not 1 <= values[name] <= LONGEST_INCREMENT:
            found.append(Problem(name, "rate.increment", f"An increment is 1 to {LONGEST_INCREMENT} seconds."))
    if len(values["name"]) > 64 or control_problem("name", values["name"]):
        found.append(Problem("name", "rate.name", "A name has at most 64 visible characters."))
    return found


def save_rate(actor: Actor, values: dict[str, Any], row: RateRow | None = None) -> RateRow:
    """Adds a rate, or changes one. In force for the next call. Raises Refused or Conflict."""
    require(actor, Permission.RATES_WRITE)
    if problems := rate_problems(values):
        raise Refused(problems)
    with change(actor) as draft:
        taken = RateRow.objects.filter(prefix=values["prefix"]).exclude(pk=row.pk if row else 0)
        if taken.exists():
            raise Conflict([Problem("prefix", "rate.exists", f"There is a rate for {values['prefix']} already.")])
        old = rate_facts(row) if row else None
        if row is not None and row.prefix != values["prefix"]:
            draft.lookup(f"rate/{row.prefix}")
        saved = row or RateRow()
        for name, value in values.items():
            setattr(saved, name, value)
        saved.save()
        draft.record(
            "rate.changed" if row else "rate.added",
            saved.pk,
            saved.prefix,
            _in_units(old),
            _in_units(rate_facts(saved)),
        )
        draft.lookup(f"rate/{saved.prefix}")
    return saved


def delete_rate(actor: Actor, row: RateRow) -> None:
    require(actor, Permission.RATES_WRITE)
    with change(actor) as draft:
        draft.record("rate.deleted", row.pk, row.prefix, old=_in_units(rate_facts(row)))
        draft.lookup(f"rate/{row.prefix}")
        row.delete()


def rate_facts(row: RateRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("prefix", "name", "price", "fee", "first", "each")}


def _in_units(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """The same with money in currency units, as people read it in the audit log; millionths are for the workers."""
    if facts is None:
        return None
    return {name: value / MILLION if name in MONEY and value is not None else value for name, value in facts.items()}


def save_budget(actor: Actor, owner: str, values: dict[str, Any]) -> BudgetRow:
    """Sets what is given of an owner's budget; what was never set is the default of its kind. Raises Refused."""
    tenant = _tenant_of(actor, owner)
    row = BudgetRow.objects.filter(owner=owner).first()
    before = budget_of(row) if row else _usual(owner)
    budget = replace(before, **values)
    if problems := budget_problems(budget):
        raise Refused(problems)
    with change(actor) as draft:
        saved = row or BudgetRow(owner=owner, tenant=tenant)
        for name, value in asdict(budget).items():
            setattr(saved, name, value)
        saved.save()
        draft.record(
            "budget.changed" if row else "budget.set",
            saved.pk,
            owner,
            _in_units(asdict(before)) if row else None,
            _in_units(asdict(budget)),
            tenant.pk if tenant else None,
        )
        draft.lookup(f"budget/{owner}")
        draft.rules()  # a new version of the book: the guard reads budgets anew
    return saved


def delete_budget(actor: Actor, row: BudgetRow) -> None:
    """The default of its kind counts again."""
    _tenant_of(actor, row.owner)
    with change(actor) as draft:
        draft.record(
            "budget.deleted", row.pk, row.owner, old=_in_units(asdict(budget_of(row))), tenant_id=row.tenant_id
        )
        draft.lookup(f"budget/{row.owner}")
        draft.rules()
        row.delete()


def lift(actor: Actor, owner: str) -> None:
    """Ends a suspension: today's budget begins anew. Raises NotFound, Forbidden or GuardSilent."""
    tenant = _tenant_of(actor, owner)
    if owner not in {item["owner"] for item in suspensions(actor)}:
        raise NotFound([Problem("owner", "suspension.not_found", f"{owner} is not suspended.")])
    guard.ask("budgets.lift", owner=owner, by=actor.name)
    with change(actor) as draft:
        draft.record("suspension.lifted", owner, owner, tenant_id=tenant.pk if tenant else None)


def suspensions(actor: Actor) -> list[dict[str, Any]]:
    """Who may make no outside calls now, as far as the actor may know."""
    found = guard.listed("budgets.suspended", "suspensions")
    if actor.above_tenants:
        return found
    return [item for item in found if item.get("tenant_id") is not None and item["tenant_id"] == actor.tenant_id]


def budget_problems(budget: Budget) -> list[Problem]:
    found = []
    for name in LIMITS:
        value, most = getattr(budget, name), MOST * MILLION if name == "money_per_day" else MOST
        if value is not None and not 0 <= value <= most:
            found.append(Problem(name, "budget.limit", "A limit is 0 or more, or nothing for none."))
    if not 1 <= budget.warning_percent <= 100:
        found.append(Problem("warning_percent", "budget.warning", "A warning comes at 1 to 100 percent of a limit."))
    return found


def _usual(owner: str) -> Budget:
    return DEFAULTS[Owner(owner.partition(":")[0])]


def _tenant_of(actor: Actor, owner: str) -> Tenant | None:
    """Whose budget it is, if the actor may set it: a tenant administrator those of extensions, others all.

    Raises NotFound for what the actor may not know, Forbidden for what he may not set, Refused for what is no owner.
    """
    require(actor, Permission.BUDGETS_WRITE)
    kind, _, name = owner.partition(":")
    if kind not in tuple(Owner):
        raise refuse("owner", "budget.owner", f"An owner is {', '.join(Owner)}, or one of them as in tenant:3.")
    if kind == Owner.EXTENSION and name:
        return _tenant_of_extension(actor, name)
    if not actor.above_tenants:
        raise Forbidden([Problem("owner", "budget.above_tenants", "This budget is set from above the tenants.")])
    if kind == Owner.TENANT and name:
        found: Tenant | None = Tenant.objects.filter(pk=name).first() if name.isdecimal() and len(name) < 18 else None
        if found is None:
            raise NotFound([Problem("owner", "budget.unknown", f"There is no {owner}.")])
        return found
    if kind == Owner.TRUNK and name and not (name.isdecimal() and len(name) < 18):
        raise refuse("owner", "budget.owner", "A trunk is named by its number, as in trunk:5.")
    return None


def _tenant_of_extension(actor: Actor, aor: str) -> Tenant:
    number, _, domain = aor.partition("@")
    tenants = Tenant.objects.visible_to(actor)
    found = Extension.objects.filter(number=number, tenant__domain=domain, tenant__in=tenants).first()
    if found is None:
        raise NotFound([Problem("owner", "budget.unknown", f"There is no extension {aor}.")])
    return found.tenant
