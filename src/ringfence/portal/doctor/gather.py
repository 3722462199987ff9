"""The configuration as the doctor looks at it: from the database and the processes that hold the rest."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from ringfence.doctor import facts
from ringfence.hosts.transports import read_transports
from ringfence.policy.book import Target
from ringfence.policy.outgoing.numberplan import NumberClass
from ringfence.policy.people.passwords import policy_of, policy_values
from ringfence.portal import places
from ringfence.portal.acme.models import AcmeSettings, CertificateOrder
from ringfence.portal.firewall.plan import reach
from ringfence.portal.outbound.metadata import are_at_home
from ringfence.portal.outbound.models import AllowedCountry, Availability, NumberPlan, OutboundRule
from ringfence.portal.people.changes import sip_secret_of
from ringfence.portal.people.digests import ALPHABET, LENGTH
from ringfence.portal.people.models import ApiToken, Extension, Person, Role
from ringfence.portal.permissions import CALL
from ringfence.portal.problems import Refused
from ringfence.portal.sealing import SealBroken
from ringfence.portal.security.models import AddressEntry, BlockedUserAgent, SecurityValues
from ringfence.portal.signin.factors import PRIMARY
from ringfence.portal.signin.models import SignInRules
from ringfence.portal.spending.changes import LIMITS
from ringfence.portal.spending.models import Budget
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.trunks.models import Trunk
from ringfence.portal.webaccess import server
from ringfence.portal.webaccess.changes import networks

A_DAY: Final = timedelta(days=1)
MOST: Final = 200
"""Rows of one kind that are named; the doctor says that there are more, not which."""

LONG: Final = 15
"""A password of so many characters needs no composition rules (NIST SP 800-63B-4, 3.1.1.2)."""

ALWAYS_WANTED: Final = ("account", "common")
COMPOSITION: Final = ("letter", "number", "uppercase_or_special", "sequence", "repeat")
WIDE: Final = {"4": 24, "6": 48}
COSTLY: Final = (NumberClass.PREMIUM, NumberClass.SATELLITE, NumberClass.PERSONAL, NumberClass.SHARED_COST)


def settings(now: datetime | None = None) -> facts.Settings:
    """Everything at once; a process that does not answer leaves its part out."""
    moment = now or timezone.now()
    found = reach()
    return facts.Settings(
        security=SecurityValues.current(),
        transports=tuple(
            facts.Transport(one.protocol.value, one.port) for one in read_transports(places.PATHS.transports)
        ),
        web=_web(moment),
        reach=facts.Reach(found.phones, found.portal, found.ssh),
        administrator_networks=tuple(networks()),
        wide_entries=_wide_entries(),
        blocked_user_agents=BlockedUserAgent.objects.count(),
        administrators=_administrators(),
        without_factor=_able_to_sign_in().filter(tenant__isnull=False).exclude(pk__in=_with_factor()).count(),
        sign_in=tuple(_sign_in()),
        first_passwords=tuple(
            _administering().filter(must_change_password=True).values_list("username", flat=True)[:MOST]
        ),
        secrets=tuple(_secrets(moment)),
        trunks=tuple(_trunks()),
        budgets=tuple(_budgets()),
        tenants=tuple(_tenants()),
        rules=tuple(_rules()),
        tokens=tuple(_tokens(moment)),
        order_failed=AcmeSettings.current().is_complete and CertificateOrder.last_failed(),
    )


def _web(now: datetime) -> facts.Web | None:
    try:
        told = server.ask("web.show", 2.0)
    except Refused:
        return None
    found = told["certificate"]
    return facts.Web(
        bool(told["redirect_80"]), bool(told["redirect_443"]), bool(told["provisioning_http"]), _certificate(found, now)
    )


def _certificate(told: Mapping[str, Any], now: datetime) -> facts.Certificate:
    begins, ends = (datetime.fromisoformat(told[name]) for name in ("not_before", "not_after"))
    return facts.Certificate(
        bool(told["self_signed"]), (ends - now) / A_DAY, tuple(told["names"]), str(told["key"]), (ends - begins) / A_DAY
    )


def _wide_entries() -> tuple[str, ...]:
    short = Q()
    for version, longest in WIDE.items():
        for length in range(longest):
            short |= Q(cidr__endswith=f"/{length}", sort_key__startswith=version)
    found = AddressEntry.objects.filter(short, target=Target.ALLOW.value).filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    )
    return tuple(found.values_list("cidr", flat=True)[:MOST])


def _able_to_sign_in() -> QuerySet[Person]:
    """Without a usable password nobody signs in (Django marks it with an exclamation mark)."""
    found: QuerySet[Person] = Person.objects.filter(is_active=True).order_by("pk")
    return found.exclude(Q(password__startswith=UNUSABLE_PASSWORD_PREFIX) | Q(password=""))


def _with_factor() -> Any:
    return Authenticator.objects.filter(type__in=PRIMARY).values("user_id")


def _administering() -> QuerySet[Person]:
    roles = [role.pk for role in Role.objects.all() if role.granted - CALL]
    return _able_to_sign_in().filter(Q(is_system_administrator=True) | Q(role_id__in=roles))


def _administrators() -> tuple[facts.Administrator, ...]:
    safe = set(Authenticator.objects.filter(type__in=PRIMARY).values_list("user_id", flat=True))
    rows = _administering().values_list("pk", "username", "tenant_id")
    found = [facts.Administrator(name, tenant is None, key in safe) for key, name, tenant in rows]
    return tuple(sorted(found, key=lambda one: (one.second_factor, not one.above_tenants))[:MOST])


def _sign_in() -> Iterator[facts.SignIn]:
    rows = {row.tenant_id: row for row in SignInRules.objects.all()}
    for key, name in ((None, ""), *Tenant.objects.values_list("pk", "name")):
        row = rows.get(key) or SignInRules(tenant_id=key)
        values = policy_values(policy_of(row.password_policy))
        wanted = ALWAYS_WANTED if values["shortest"] >= LONG else (*ALWAYS_WANTED, *COMPOSITION)
        missing = tuple(rule for rule in wanted if not values[rule])
        yield facts.SignIn(name, str(row.second_factor), missing, int(values["shortest"]))


def _secrets(now: datetime) -> Iterator[facts.Secret]:
    """Only those that are old or not of our making."""
    rows = Extension.objects.select_related("tenant").order_by("secret_changed_at")
    found = 0
    for extension in rows.iterator(chunk_size=2_000):
        days = (now - extension.secret_changed_at).days
        generated = _is_generated(extension)
        if days > 365 or not generated:
            yield facts.Secret(extension.aor, days, generated)
            found += 1
        if found == MOST:
            return


def _is_generated(extension: Extension) -> bool:
    """A generated secret is long and has no other characters than ours; one that does not open is left alone."""
    try:
        secret = sip_secret_of(extension)
    except (SealBroken, ValueError):
        return True
    return len(secret) >= LENGTH and set(secret) <= set(ALPHABET)


def _trunks() -> Iterator[facts.Trunk]:
    for row in Trunk.objects.filter(enabled=True).order_by("pk")[:MOST]:
        sources = tuple(str(source[0]) for source in row.sources)
        yield facts.Trunk(row.name, row.kind, row.transport, row.encryption, sources, bool(row.hosts), row.max_calls)


def _budgets() -> Iterator[facts.Budget]:
    for row in Budget.objects.all()[:MOST]:
        yield facts.Budget(row.owner, row.enabled, sum(getattr(row, name) is not None for name in LIMITS))


def _tenants() -> Iterator[facts.Tenant]:
    counted = dict(AllowedCountry.objects.order_by().values_list("tenant_id").annotate(count=Count("id")))
    plans = {row.tenant_id: row for row in NumberPlan.objects.all()}
    for row in Tenant.objects.all()[:MOST]:
        plan = plans.get(row.pk) or NumberPlan(tenant=row)
        costly = tuple(name for name in COSTLY if name in plan.permitted)
        yield facts.Tenant(
            row.name, row.max_concurrent_calls, plan.country, counted.get(row.pk, 0), costly, row.media_encryption
        )


def _rules() -> Iterator[facts.Rule]:
    roles = {role.pk: role for role in Role.objects.all()}
    homes = dict(NumberPlan.objects.values_list("tenant_id", "country"))
    for row in OutboundRule.objects.filter(enabled=True).select_related("tenant")[:MOST]:
        named = [roles[key] for key in row.roles if key in roles]
        yield facts.Rule(
            row.tenant.name,
            row.name,
            tuple(row.reaches),
            bool(row.roles or row.groups or row.callers),
            tuple(role.name for role in named if not role.international),
            row.availability == Availability.ALWAYS,
            are_at_home(row.prefixes, homes.get(row.tenant_id, "")),
        )


def _tokens(now: datetime) -> Iterator[facts.Token]:
    rows = ApiToken.objects.filter(expires_at__gt=now).select_related("person").order_by("pk")
    for row in rows[:MOST]:
        used = row.last_used_at or row.created_at
        yield facts.Token(row.person.username, row.name, (row.expires_at - now).days, (now - used).days)
