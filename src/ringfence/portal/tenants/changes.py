"""What can be done to tenants."""

import re
from typing import Any, Final

from ringfence.policy.addresses import AddressProblem, parse_address
from ringfence.policy.settings import Problem
from ringfence.portal import publish
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.people.models import Extension, Person
from ringfence.portal.problems import Conflict, Forbidden, Refused
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.text import label_problem

_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


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


def create_tenant(actor: Actor, name: str, domain: str) -> Tenant:
    """Raises Refused, Conflict or Forbidden."""
    _only_system(actor)
    name, domain = name.strip(), domain.strip().lower().rstrip(".")
    problems = [problem for problem in (label_problem("name", name), domain_problem(domain)) if problem]
    if problems:
        raise Refused(problems)
    with change(actor) as draft:
        _free("name", name, Tenant.objects.filter(name__iexact=name).exists())
        _free("domain", domain, Tenant.objects.filter(domain=domain).exists())
        tenant = Tenant.objects.create(name=name, domain=domain)
        draft.record("tenant.created", tenant.pk, name, new=_facts(tenant), tenant_id=tenant.pk)
        draft.rules()
    return tenant


def rename_tenant(actor: Actor, tenant: Tenant, name: str) -> Tenant:
    """Only the name can change: the domain is in every digest."""
    _only_system(actor)
    name = name.strip()
    if problem := label_problem("name", name):
        raise Refused([problem])
    with change(actor) as draft:
        _free("name", name, Tenant.objects.filter(name__iexact=name).exclude(pk=tenant.pk).exists())
        old = _facts(tenant)
        tenant.name = name
        tenant.save(update_fields=["name"])
        draft.record("tenant.changed", tenant.pk, name, old, _facts(tenant), tenant.pk)
        draft.rules()
    return tenant


def delete_tenant(actor: Actor, tenant: Tenant) -> None:
    """Takes its people and extensions along; call records stay, without a tenant."""
    _only_system(actor)
    with change(actor) as draft:
        for extension in Extension.objects.filter(tenant=tenant).select_related("tenant"):
            draft.subscriber(extension.aor)
        draft.record("tenant.deleted", tenant.pk, tenant.name, old=_facts(tenant), tenant_id=tenant.pk)
        draft.rules()
        Person.objects.filter(tenant=tenant).delete()
        tenant.delete()


def _facts(tenant: Tenant) -> dict[str, Any]:
    return {"name": tenant.name, "domain": tenant.domain}


def _free(field: str, value: str, taken: bool) -> None:
    if taken:
        raise Conflict([Problem(field, "tenant.exists", f"There is already a tenant with the {field} {value!r}.")])


def _only_system(actor: Actor) -> None:
    if not actor.administers_system:
        raise Forbidden(detail="Only the system administrator manages tenants.")
