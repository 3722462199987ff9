"""The judgement of a call to a number of nobody here.

Emergency numbers come first of all; then the rules below in their order, then the outbound rules of the tenant.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ringfence.policy.book import Role, Subscriber
from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.index import Index
from ringfence.policy.model import CallOutside, Refuse, TrunkRoute
from ringfence.policy.outgoing.callplan import CallPlan
from ringfence.policy.outgoing.numberplan import Number
from ringfence.policy.outgoing.numbers import reach_of
from ringfence.policy.outgoing.outbound import choose
from ringfence.policy.rules import outbound


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a call to the outside is judged by: the tenant's plan and the time, in seconds of Unix time."""

    plan: CallPlan
    now: float


FindExchange = Callable[[int], Exchange | None]

OutsideGate = Callable[[Number, Role, CallPlan], Refuse | None]

OUTSIDE_GATES: Final[tuple[OutsideGate, ...]] = (
    outbound.national,
    outbound.international,
    outbound.disallowed_code,
    outbound.number_class,
    outbound.country,
)
"""Asked in this order for every number that is no emergency number."""

NO_RULE: Final = Refuse("route.no_rule", 404, "Not Found")


OF_OUTSIDE_CALLS: Final = ("outbound.", "spend.")
"""What the rules are called that stand in the way of calls to the outside alone."""


def was_for_outside(rule: str) -> bool:
    """Whether a call that this rule refused would have left the system; nothing else is known of it.

    >>> was_for_outside("outbound.country"), was_for_outside("route.busy")
    (True, False)
    """
    return rule.startswith(OF_OUTSIDE_CALLS)


def no_exchange(tenant_id: int) -> Exchange | None:
    """For where no call can leave."""
    return None


def emergency_call(payer: Subscriber, user: str, index: Index, exchange: Exchange | None) -> CallOutside | None:
    """The way of an emergency call; None for any other number. No role, code, hour, limit or encryption is asked."""
    if exchange is None:
        return None
    plan = exchange.plan
    number = plan.emergency_number(read_dialled(user)) or plan.number_of_service(user)
    if not number:
        return None
    shown = plan.emergency.caller_number or payer.calling.caller_number
    trunks = plan.emergency.trunks or trunks_serving(index, payer.tenant_id)
    routes = tuple(TrunkRoute(trunk, number, shown) for trunk in trunks)
    return CallOutside("outbound.emergency", payer, number, "", routes, emergency=True)


def call_outside(payer: Subscriber, user: str, index: Index, exchange: Exchange | None) -> CallOutside | Refuse:
    """The verdict on a number that is neither an emergency number nor an extension.

    The role is asked first, so who may not call outside learns nothing about numbers and routes.
    """
    dialled = read_dialled(user)
    if not dialled.digits:
        return NO_RULE
    role = index.role(payer.role)
    number = exchange.plan.number(dialled) if exchange else None
    if exchange is None or number is None:
        return outbound.unknown_number(reach_of(dialled.digits), role)
    for gate in OUTSIDE_GATES:
        objection = gate(number, role, exchange.plan)
        if objection is not None:
            return objection
    return _by_rule(payer, number, exchange)


def _by_rule(payer: Subscriber, number: Number, exchange: Exchange) -> CallOutside | Refuse:
    choice = choose(exchange.plan.rules, exchange.plan.hours, payer, number, exchange.now)
    if choice.rule is None:
        return NO_RULE
    if not choice.is_open:
        return Refuse("outbound.hours", 403, "Forbidden")
    routes = choice.rule.routes_for(number, payer)
    return CallOutside("outbound.rule", payer, number.text, choice.rule.name, routes)


def trunks_serving(index: Index, tenant_id: int) -> tuple[int, ...]:
    """Every trunk of the tenant in order; whether it works is found out when the call is sent."""
    return tuple(sorted(trunk.id for trunk in index.trunks.by_id.values() if trunk.serves(tenant_id)))
