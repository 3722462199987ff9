"""What can be done to tenants."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Final
from zoneinfo import available_timezones

from ringfence.policy.addresses import AddressProblem, parse_address
from ringfence.policy.calls.limits import LONGEST_CALL_MINUTES, MOST_CALLS
from ringfence.policy.outgoing.callplan import plan_key
from ringfence.policy.settings import Problem
from ringfence.portal import publish
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.outbound.models import NumberPlan
from ringfence.portal.outbound.wishes import PlanWish
from ringfence.portal.people.leaving import end_calls_and_registrations
from ringfence.portal.people.models import Extension, Person, Role
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, Refused
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.text import label_problem

_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
LARGEST_LIMIT: Final = 1_000_000
RANGES: Final = {
    "max_extensions": (1, LARGEST_LIMIT),
    "max_concurrent_calls": (0, MOST_CALLS),
    "max_call_minutes": (1, LONGEST_CALL_MINUTES),
}
"""The least and the most of each limit. No extension at all would lock a tenant out by a typing error."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a tenant may have; None is without a limit. No concurrent call (0) forbids all but emergency calls."""

    max_extensions: int | None = None
    max_concurrent_calls: int | None = None
    max_call_minutes: int | None = None


NO_LIMITS: Final = Limits()


def domain_problem(domain: str) -> Problem | None:
    """Why this cannot be a tenant's SIP domain (RFC 1123 host name, and none of our own addresses)."""
    labels = domain.split(".")
    if len(domain) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return Problem(
            "domain",
            "tenant.domain",
            "The domain must be a host name: letters, digits and hyphens, with dots between, as in sip.example.com.",
        )
    if domain in publish.own_hosts() or domain == "localhost":
        return Problem(
            "domain", "tenant.domain_is_ours", f"{domain} is this system itself; give the tenant a domain of its own."
        )
    if _is_address(domain) or labels[-1].isdigit():
        return Problem("domain", "tenant.domain_is_address", f"{domain} is an address; a tenant needs a host name.")
    return None


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressProblem:
        return False
    return True


def create_tenant(
    actor: Actor,
    name: str,
    domain: str,
    time_zone: str = "UTC",
    limits: Limits = NO_LIMITS,
    country: str = "",
) -> Tenant:
    """With a country its emergency numbers are known from the first call. Raises Refused, Conflict or Forbidden."""
    require(actor, Permission.TENANTS_WRITE)
    name, domain = name.strip(), domain.strip().lower().rstrip(".")
    found = (label_problem("name", name), domain_problem(domain), time_zone_problem(time_zone), *limit_problems(limits))
    if problems := [problem for problem in (*found, *PlanWish(country).problems()) if problem]:
        raise Refused(problems)
    with change(actor) as draft:
        _free("name", name, Tenant.objects.filter(name__iexact=name).exists())
        _free("domain", domain, Tenant.objects.filter(domain=domain).exists())
        _no_gateway(domain)
        tenant = Tenant.objects.create(name=name, domain=domain, time_zone=time_zone, **asdict(limits))
        if country:
            NumberPlan.objects.create(tenant=tenant, country=country)
        draft.lookup(plan_key(tenant.pk))
        draft.record("tenant.created", tenant.pk, name, new={**facts(tenant), "country": country}, tenant_id=tenant.pk)
        draft.rules()
    return tenant


def change_tenant(
    actor: Actor,
    tenant: Tenant,
    name: str | None = None,
    time_zone: str | None = None,
    limits: Limits | None = None,
) -> Tenant:
    """Changes only what is given; never the domain, which is in every digest. Limits are set from above the tenant."""
    require(actor, Permission.TENANT_WRITE if limits is None else Permission.TENANTS_WRITE)
    name = tenant.name if name is None else name.strip()
    time_zone = tenant.time_zone if time_zone is None else time_zone
    limits = limits or limits_of(tenant)
    found = (label_problem("name", name), time_zone_problem(time_zone), *limit_problems(limits))
    if problems := [problem for problem in found if problem]:
        raise Refused(problems)
    with change(actor) as draft:
        _free("name", name, Tenant.objects.filter(name__iexact=name).exclude(pk=tenant.pk).exists())
        old = facts(tenant)
        tenant.name, tenant.time_zone = name, time_zone
        for field, value in asdict(limits).items():
            setattr(tenant, field, value)
        tenant.save(update_fields=["name", "time_zone", *RANGES])
        draft.lookup(plan_key(tenant.pk))
        draft.record("tenant.changed", tenant.pk, name, old, facts(tenant), tenant.pk)
        draft.rules()
    return tenant


def time_zone_problem(name: str) -> Problem | None:
    """Only names of the IANA database, because a fixed offset knows no summer time."""
    if name in available_timezones():
        return None
    return Problem("time_zone", "tenant.time_zone", "A time zone is a name such as Europe/Berlin or UTC.")


def limit_problems(limits: Limits) -> list[Problem]:
    return [
        Problem(name, "tenant.limit", f"This limit is {least} to {most}, or nothing for none.")
        for name, (least, most) in RANGES.items()
        if (value := getattr(limits, name)) is not None and not least <= value <= most
    ]


def limits_of(tenant: Tenant) -> Limits:
    return Limits(**{name: getattr(tenant, name) for name in RANGES})


def delete_tenant(actor: Actor, tenant: Tenant) -> None:
    """Takes its people and extensions along; call records stay, without a tenant."""
    require(actor, Permission.TENANTS_WRITE)
    with change(actor) as draft:
        for extension in Extension.objects.filter(tenant=tenant).select_related("tenant"):
            draft.subscriber(extension.aor)
        draft.lookup(plan_key(tenant.pk))
        draft.record("tenant.deleted", tenant.pk, tenant.name, old=facts(tenant), tenant_id=tenant.pk)
        draft.rules()
        Person.objects.filter(tenant=tenant).delete()
        Role.objects.filter(tenant=tenant).delete()
        tenant.delete()
    end_calls_and_registrations(domain=tenant.domain)


def facts(tenant: Tenant) -> dict[str, Any]:
    """What the audit log keeps of a tenant."""
    names = ("name", "domain", "time_zone", *RANGES)
    return {name: getattr(tenant, name) for name in names}


def _no_gateway(domain: str) -> None:
    """A tenant and a gateway in one domain would be one digest realm."""
    from ringfence.portal.trunks.models import Trunk

    if Trunk.objects.filter(kind="accept_register", domain=domain).exists():
        raise Conflict([Problem("domain", "tenant.domain_of_trunk", f"A gateway registers in the domain {domain}.")])


def _free(field: str, value: str, taken: bool) -> None:
    if taken:
        raise Conflict([Problem(field, "tenant.exists", f"There is already a tenant with the {field} {value!r}.")])
