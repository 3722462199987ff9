"""What a number outside is judged by before the outbound rules are asked (reference: "Call Control and Fraud
Prevention"). Deny wins; what is not allowed is refused."""

from ringfence.policy.book import Role
from ringfence.policy.model import Refuse
from ringfence.policy.outgoing.callplan import CallPlan
from ringfence.policy.outgoing.numberplan import Number
from ringfence.policy.outgoing.numbers import Reach


def national(number: Number, role: Role, plan: CallPlan) -> Refuse | None:
    """The caller's role may not call outside numbers, short codes included."""
    if number.reach is not Reach.NATIONAL or role.may(Reach.NATIONAL):
        return None
    return Refuse("outbound.national", 403, "Forbidden")


def international(number: Number, role: Role, plan: CallPlan) -> Refuse | None:
    """The caller's role may not call numbers of other countries, or of none."""
    if number.reach is not Reach.INTERNATIONAL or role.may(Reach.INTERNATIONAL):
        return None
    return Refuse("outbound.international", 403, "Forbidden")


def disallowed_code(number: Number, role: Role, plan: CallPlan) -> Refuse | None:
    """The number begins with a disallowed code of the tenant; that wins over every permission."""
    if not plan.disallowed_code(number.text):
        return None
    return Refuse("outbound.disallowed_code", 403, "Forbidden")


def number_class(number: Number, role: Role, plan: CallPlan) -> Refuse | None:
    """Premium, shared-cost, personal and satellite numbers and short codes are refused until they are switched on."""
    if number.kind in plan.permitted:
        return None
    return Refuse("outbound.number_class", 403, "Forbidden")


def country(number: Number, role: Role, plan: CallPlan) -> Refuse | None:
    """A number of another country is refused unless that country is allowed; none is from the start."""
    if number.reach is Reach.NATIONAL or number.country in plan.allowed_countries or _is_of_none(number, plan):
        return None
    return Refuse("outbound.country", 403, "Forbidden")


def _is_of_none(number: Number, plan: CallPlan) -> bool:
    """A network of no country: the switch of its class is what allows it."""
    parts = plan.world.split(number.text[1:])
    return parts is not None and parts[0].network is not None


def unknown_number(reach: Reach, role: Role) -> Refuse:
    """What can be no number in the tenant's number plan, or there is no plan; the role is asked all the same."""
    if role.may(reach):
        return Refuse("route.no_rule", 404, "Not Found")
    if reach is Reach.INTERNATIONAL:
        return Refuse("outbound.international", 403, "Forbidden")
    return Refuse("outbound.national", 403, "Forbidden")
