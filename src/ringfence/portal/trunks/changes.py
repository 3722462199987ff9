"""What can be done to trunks. A password goes in once and never comes out again."""

from typing import Any

from ringfence.hosts.addresses import parsed, resolved
from ringfence.policy.addresses import Network, parse_network
from ringfence.policy.settings import Problem
from ringfence.policy.trunking.trunks import TrunkKind
from ringfence.portal import publish
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import SECRET_CHANGED, Change, change
from ringfence.portal.outbound.changes import rule_over
from ringfence.portal.people.digests import new_secret
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, NotFound, Refused
from ringfence.portal.sealing import seal
from ringfence.portal.security.protected import protect_owner
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.trunks.compile import peers
from ringfence.portal.trunks.models import TenantShare, Trunk
from ringfence.portal.trunks.wish import Wish, address_problem, problems

MOST_TRUNKS = 2_000
PLAIN = (
    "name", "enabled", "domain", "username", "realm", "expires", "keepalive", "country_code", "trunk_prefix",
    "default_number", "user_agent", "max_calls", "aes_256_only", "link",
    "auth_username", "from_domain",
)  # fmt: skip
"""What goes from a wish into the row as it is."""


def add(actor: Actor, kind: TrunkKind, tenant_id: int | None, wish: Wish) -> tuple[Trunk, str]:
    """The new trunk; for a gateway without a given password also the generated one, shown once. Raises Refused."""
    require(actor, Permission.TRUNKS_WRITE)
    generated = new_secret() if kind is TrunkKind.ACCEPT_REGISTER and not wish.secret else ""
    _refuse(kind, wish, has_secret=bool(generated))
    tenant = None if tenant_id is None else Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if tenant_id is not None and tenant is None:
        raise NotFound([Problem("tenant_id", "tenant.not_found", "There is no such tenant.")])
    with change(actor) as draft:
        if Trunk.objects.count() >= MOST_TRUNKS:
            raise Conflict([Problem("name", "trunk.too_many", f"There can be {MOST_TRUNKS} trunks.")])
        row = Trunk(kind=kind.value, tenant=tenant)
        _refuse_twins(row, wish)
        _fill(row, wish)
        row.save()
        _keep(draft, row, wish, generated or wish.secret)
        draft.record("trunk.created", row.pk, row.name, new=facts(row), tenant_id=row.tenant_id)
    return row, generated


def alter(actor: Actor, row: Trunk, wish: Wish) -> Trunk:
    """Raises Refused. A trunk keeps its kind and its owner."""
    require(actor, Permission.TRUNKS_WRITE)
    _refuse(TrunkKind(row.kind), wish, has_secret=bool(row.secret))
    with change(actor) as draft:
        _refuse_twins(row, wish)
        before = facts(row)
        draft.aors += [row.account] if row.account else []
        _fill(row, wish)
        row.save()
        _keep(draft, row, wish, wish.secret)
        told = {"password": ""} if wish.secret else {}
        after = {**facts(row), **({"password": SECRET_CHANGED} if wish.secret else {})}
        draft.record("trunk.changed", row.pk, row.name, {**before, **told}, after, row.tenant_id)
    return row


def remove(actor: Actor, row: Trunk) -> None:
    """Raises Conflict while numbers are reached over it."""
    require(actor, Permission.TRUNKS_WRITE)
    if user := rule_over(row.pk):
        raise Conflict(detail=f"The outbound rule {user} leaves over this trunk; take it out there first.")
    with change(actor) as draft:
        for relation in ("pools",):
            used = getattr(row, relation, None)
            if used is not None and (first := used.first()):
                raise Conflict([Problem("id", "trunk.in_use", f"The numbers {first} are reached over this trunk.")])
        protect_owner(draft, _owner(row), row.name, ())
        draft.aors += [row.account] if row.account else []
        draft.record("trunk.deleted", row.pk, row.name, old=facts(row), tenant_id=row.tenant_id)
        row.delete()


def facts(row: Trunk) -> dict[str, Any]:
    """A trunk without its password."""
    return {
        "name": row.name,
        "kind": row.kind,
        "tenant_id": row.tenant_id,
        "enabled": row.enabled,
        "transport": row.transport,
        "encryption": row.encryption,
        "caller_in": row.caller_in,
        "hosts": [{"host": host, "port": port} for host, port in row.hosts],
        "sources": [{"cidr": cidr, "port": port} for cidr, port in row.sources],
        **{name: getattr(row, name) for name in PLAIN if name not in ("name", "enabled")},
        "numbers": list(row.numbers),
        "tenant_max_calls": [
            {"tenant_id": share.tenant_id, "max_calls": share.max_calls} for share in row.shares.all()
        ],
    }


def look_up(row: Trunk) -> bool:
    """Looks its host names up again and says whether anything changed. A name that does not answer keeps what it had.

    Workers never wait for DNS: they get addresses (a provider that moves is followed within a minute).
    """
    found: dict[str, list[str]] = {}
    for host, _ in row.hosts:
        if parsed(host) is None:
            good = [str(one) for one in resolved(host) if not address_problem(str(one))]
            found[host] = sorted(good)[:4] or row.resolved.get(host, [])
    changed = bool(found != row.resolved)
    row.resolved = found
    return changed


def _refuse(kind: TrunkKind, wish: Wish, *, has_secret: bool) -> None:
    if found := problems(kind, wish, has_secret=has_secret):
        raise Refused(found)


def _refuse_twins(row: Trunk, wish: Wish) -> None:
    """No other trunk has its name; no tenant and no other trunk has a gateway's domain."""
    others = Trunk.objects.exclude(pk=row.pk)
    if others.filter(name__iexact=wish.name.strip()).exists():
        raise Conflict([Problem("name", "trunk.exists", f"There is already a trunk named {wish.name.strip()!r}.")])
    if row.kind != TrunkKind.ACCEPT_REGISTER:
        return
    domain = wish.domain.lower()
    if Tenant.objects.filter(domain=domain).exists() or domain in publish.own_hosts():
        message = f"{domain} is the SIP domain of a tenant or this system; a gateway needs one of its own."
        raise Conflict([Problem("domain", "trunk.domain_of_tenant", message)])
    twin = others.filter(kind=TrunkKind.ACCEPT_REGISTER.value, domain=domain).first()
    if twin:
        raise Conflict([Problem("domain", "trunk.domain_taken", f"The trunk {twin.name} has this domain already.")])


def _fill(row: Trunk, wish: Wish) -> None:
    for name in PLAIN:
        value = getattr(wish, name)
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    row.domain, row.from_domain = row.domain.lower(), row.from_domain.lower()
    row.transport, row.encryption = wish.transport.value, wish.encryption.value
    row.caller_in = wish.caller_in.value
    row.hosts = [[host.strip().lower(), port] for host, port in wish.hosts]
    row.sources = [[str(parse_network(cidr)), port] for cidr, port in wish.sources]
    row.numbers = list(dict.fromkeys(wish.numbers))
    look_up(row)


def _keep(draft: Change, row: Trunk, wish: Wish, secret: str | None) -> None:
    """What follows from a saved row: its password, its tenants' limits, the never-block set, the policy store."""
    if secret:
        row.secret = seal(secret, row.bound_to)
        row.save(update_fields=["secret"])
    known = set(Tenant.objects.filter(pk__in=wish.shares).values_list("pk", flat=True))
    if missing := sorted(wish.shares.keys() - known):
        raise Refused([Problem("tenant_max_calls", "tenant.not_found", f"There is no tenant {missing[0]}.")])
    row.shares.all().delete()
    TenantShare.objects.bulk_create(
        TenantShare(trunk=row, tenant_id=key, max_calls=n) for key, n in wish.shares.items()
    )
    protect(draft, row)
    draft.aors += [row.account] if row.account else []


def protect(draft: Change, row: Trunk) -> None:
    """Its addresses join the never-block set while it is enabled."""
    protect_owner(draft, _owner(row), row.name, _networks(row) if row.enabled else (), row.user_agent)


def _networks(row: Trunk) -> list[Network]:
    return [
        *(parse_network(cidr) for cidr, _ in row.sources),
        *(parse_network(peer.address) for peer in peers(row)),
    ]


def _owner(row: Trunk) -> str:
    return f"trunk:{row.pk}"
