"""A tenant's call plan from its rows: what workers judge calls to the outside by."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.utils import timezone

from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.outgoing.callplan import (
    WORLD_KEY,
    Codes,
    EmergencyPlan,
    Settings,
    emergency_number,
    encode_plan,
    encode_world,
    plan_key,
)
from ringfence.policy.outgoing.numberplan import NumberClass, pattern
from ringfence.policy.outgoing.numberplan import NumberPlan as Plan
from ringfence.policy.outgoing.numbers import Reach
from ringfence.policy.outgoing.outbound import NO_HOURS, CallerRange, Route
from ringfence.policy.outgoing.outbound import OutboundRule as Rule
from ringfence.policy.settings import Problem
from ringfence.portal.lookups import Source
from ringfence.portal.outbound import calendars, metadata
from ringfence.portal.outbound.models import (
    AllowedCountry,
    Availability,
    DisallowedCode,
    EmergencyNumber,
    NumberPlan,
    OfficeHours,
    OutboundRule,
)
from ringfence.portal.people.models import Role, role_key
from ringfence.portal.tenants.models import Tenant

CLOSED: Final = -1
"""The office hours of a rule that follows the general ones while there are none."""

NO_SUCH_ROLE: Final = "\0"


def plan_row(tenant: Tenant) -> NumberPlan:
    """The tenant's number plan; what was never set is as from the start."""
    found: NumberPlan | None = NumberPlan.objects.filter(tenant=tenant).first()
    return found or NumberPlan(tenant=tenant)


def numbers_of(row: NumberPlan) -> Plan:
    return metadata.number_plan(row.country, row.area_code, row.access_code)


def canonical_prefixes(text: str, plan: Plan) -> tuple[str, ...]:
    """What a beginning of numbers means, in canonical form: how a number is dialled, a plus or a short code.

    Without a prefix it is the beginning of a short code, and of whole numbers where these need no prefix.
    """
    digits = read_dialled(text).digits
    if digits.startswith("+"):
        return (digits,)
    code = plan.calling_code
    abroad = pattern(plan.international_prefix).match(digits) if plan.international_prefix else None
    if abroad:
        return (f"+{digits[abroad.end() :]}",)
    bare = _without_zero(digits, plan)
    if code and bare != digits:
        return (f"+{code}{bare}",)
    if code and plan.by_length:
        return (digits, f"+{code}{digits}")
    return (digits, f"+{code}{plan.area_code}{digits}") if code and plan.area_code else (digits,)


def _without_zero(digits: str, plan: Plan) -> str:
    """Without the national prefix, as far as it is the same for every number."""
    prefix = metadata.world().codes[plan.calling_code].national_prefix if plan.calling_code else ""
    return digits.removeprefix(prefix) if prefix else digits


def encoded_plan(tenant: Tenant) -> bytes:
    row = plan_row(tenant)
    numbers = numbers_of(row)
    hours = OfficeHours.objects.filter(tenant=tenant)
    year = timezone.now().year
    settings = Settings(
        numbers=numbers,
        codes=_codes(tenant, row, numbers),
        emergency=_emergency(tenant, row),
        hours=tuple(calendars.compiled(one, tenant.time_zone, year) for one in hours),
    )
    general = next((one.pk for one in hours if one.is_general), CLOSED)
    roles = _roles(tenant)
    rules = OutboundRule.objects.filter(tenant=tenant).order_by("order").iterator(chunk_size=2000)
    return encode_plan(settings, [_rule(one, numbers, general, roles) for one in rules])


def _codes(tenant: Tenant, row: NumberPlan, numbers: Plan) -> Codes:
    codes = DisallowedCode.objects.filter(tenant=tenant).values_list("prefix", flat=True)
    return Codes(
        allowed_countries=tuple(AllowedCountry.objects.filter(tenant=tenant).values_list("country", flat=True)),
        disallowed=tuple(dict.fromkeys(part for code in codes for part in canonical_prefixes(code, numbers))),
        permitted=tuple(NumberClass(name) for name in row.permitted),
    )


def _emergency(tenant: Tenant, row: NumberPlan) -> EmergencyPlan:
    own = EmergencyNumber.objects.filter(tenant=tenant).values_list("number", flat=True)
    numbers = dict.fromkeys((*metadata.emergency_numbers(row.country), *own))
    return EmergencyPlan(tuple(numbers), tuple(row.emergency_trunks), row.emergency_caller)


def objection_to_forward(tenant: Tenant, field: str, number: str) -> Problem | None:
    """Calls that nobody answers are not sent on to this number."""
    row = plan_row(tenant)
    if not emergency_number(read_dialled(number), numbers_of(row), frozenset(_emergency(tenant, row).numbers)):
        return None
    message = "No call is sent on to an emergency number by itself; whoever answers may transfer it there."
    return Problem(field, "forward.emergency", message)


def _roles(tenant: Tenant) -> dict[int, str]:
    found = Role.objects.for_tenant(tenant.pk).select_related("tenant")
    return {role.pk: role_key(role.name, tenant.domain if role.tenant_id else None) for role in found}


def _rule(row: OutboundRule, numbers: Plan, general: int, roles: dict[int, str]) -> Rule:
    return Rule(
        id=row.pk,
        name=row.name,
        order=row.order,
        prefixes=tuple(dict.fromkeys(part for text in row.prefixes for part in canonical_prefixes(text, numbers))),
        lengths=tuple(row.lengths),
        reaches=tuple(Reach(name) for name in row.reaches),
        callers=tuple(caller_range(text) for text in row.callers),
        groups=tuple(row.groups),
        roles=tuple(roles.get(pk, NO_SUCH_ROLE) for pk in row.roles),
        hours=_hours(row, general),
        routes=tuple(Route(**route) for route in row.routes),
        enabled=row.enabled,
    )


def _hours(row: OutboundRule, general: int) -> int:
    match row.availability:
        case Availability.ALWAYS:
            return NO_HOURS
        case Availability.GENERAL:
            return general
        case _:
            return row.office_hours_id or CLOSED


def caller_range(text: str) -> CallerRange:
    """The extensions of `101-110` or `199`."""
    first, _, last = text.partition("-")
    return CallerRange(first, last or first)


def _some(keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    wanted = [int(key.partition("/")[2]) for key in keys if key.partition("/")[2].isdecimal()]
    return _encoded(Tenant.objects.filter(pk__in=wanted))


def _every() -> Iterator[tuple[str, bytes]]:
    return _encoded(Tenant.objects.order_by("pk"))


def _encoded(tenants: Iterable[Any]) -> Iterator[tuple[str, bytes]]:
    return ((plan_key(tenant.pk), encoded_plan(tenant)) for tenant in tenants)


def _world() -> list[tuple[str, bytes]]:
    return [(WORLD_KEY, encode_world(metadata.world()))]


PLANS: Final = Source(_some, _every)
WORLD: Final = Source(lambda keys: _world(), _world)
