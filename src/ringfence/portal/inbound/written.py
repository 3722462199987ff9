"""Destinations as people write them, and those that nobody has."""

from typing import Any, Final

from django.db.models.functions import Length

from ringfence.policy.calls.destinations import Destination, DestinationKind
from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.calls.services import LEAVE_CODE
from ringfence.policy.outgoing.numberplan import NumberClass, canonical
from ringfence.policy.settings import Problem
from ringfence.portal.answering.models import Announcement, RingGroup, TimeCondition
from ringfence.portal.outbound import metadata
from ringfence.portal.outbound.compiling import numbers_of, objection_to_forward, plan_row
from ringfence.portal.people.models import Extension
from ringfence.portal.tenants.models import Tenant

_ANSWERING: Final[dict[DestinationKind, Any]] = {
    DestinationKind.EXTENSION: Extension,
    DestinationKind.RING_GROUP: RingGroup,
    DestinationKind.ANNOUNCEMENT: Announcement,
    DestinationKind.TIME_CONDITION: TimeCondition,
}


def written_out(tenant_id: int, text: str) -> str:
    """The text form of a destination. A bare number means what answers it in the tenant, as `extension:101` for 101;
    anything else stays as it is written.
    """
    text = text.strip()
    if not (text.isascii() and text.isdecimal()):
        return text
    return next((f"{kind.value}:{text}" for kind in _ANSWERING if _has(tenant_id, kind, text)), text)


def no_destination(field: str, text: str) -> Problem:
    """Why this text leads nowhere."""
    if text.isascii() and text.isdecimal():
        return Problem(field, "destination.nobody", f"Nobody here has the number {text[:64]}.")
    message = (
        "Write where it leads as 101, ring_group:600, voicemail:101, announcement:601, time_condition:700 or hang_up:"
    )
    return Problem(field, "destination.unknown", message)


def objection_to_destination(tenant_id: int, field: str, destination: Destination) -> Problem | None:
    """What a call is led to exists when it is chosen, as in every list of destinations to choose from."""
    kind, number = destination.kind, destination.value
    if kind is DestinationKind.HANG_UP or _has(tenant_id, kind, number):
        return None
    match kind:
        case DestinationKind.RING_GROUP:
            message = f"The tenant has no ring group {number}."
        case DestinationKind.ANNOUNCEMENT:
            message = f"The tenant has no announcement {number}."
        case DestinationKind.TIME_CONDITION:
            message = f"The tenant has no time condition {number}."
        case _:
            message = f"The tenant has no extension {number}."
    return Problem(field, "destination.nobody", message)


def objection_to_number(tenant: Tenant, field: str, number: str) -> Problem | None:
    """Why no call is sent on to this dialled number: it calls for help, or nobody has it.

    What is as long as an extension here is meant as one. An outside number without a country is let through: the
    tenant may get its number plan later.
    """
    if objection := objection_to_forward(tenant, field, number):
        return objection
    if any(_has(tenant.pk, kind, number) for kind in _ANSWERING):
        return None
    if number.startswith(LEAVE_CODE):
        extension = number.removeprefix(LEAVE_CODE)
        return objection_to_destination(tenant.pk, field, Destination(DestinationKind.VOICEMAIL, extension or "-"))
    dialled, plan = read_dialled(number), numbers_of(plan_row(tenant))
    if dialled.is_service_code:
        return None
    outside = canonical(dialled, plan, metadata.world())
    is_short = outside is not None and outside.kind is NumberClass.SHORT_CODE
    if not is_short and _looks_like_extension(tenant.pk, number):
        message = f"Nobody here has the number {number}. An outside number is written with its area code."
        return Problem(field, "forward.nobody", message)
    if outside is None and plan.calling_code:
        message = f"Nobody here has the number {number}, and it is no outside number of the tenant's number plan."
        return Problem(field, "forward.nobody", message)
    return None


def _has(tenant_id: int, kind: DestinationKind, number: str) -> bool:
    model = Extension if kind is DestinationKind.VOICEMAIL else _ANSWERING[kind]
    return bool(model.objects.filter(tenant_id=tenant_id, number=number).exists())


def _looks_like_extension(tenant_id: int, number: str) -> bool:
    if number.startswith(("0", "+")):
        return False
    return Extension.objects.annotate(digits=Length("number")).filter(tenant_id=tenant_id, digits=len(number)).exists()
