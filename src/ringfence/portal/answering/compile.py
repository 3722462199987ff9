"""Ring groups and announcements as workers know them."""

from ringfence.policy import book
from ringfence.policy.calls.ringlist import encode_steps
from ringfence.policy.model import Step
from ringfence.portal.answering.models import Announcement, RingGroup, TimeCondition


def ring_groups() -> tuple[book.RingGroup, ...]:
    found = RingGroup.objects.select_related("tenant").order_by("pk")
    return tuple(
        book.RingGroup(row.pk, f"{row.number}@{row.tenant.domain}", encode_steps(steps_of(row)), row.otherwise)
        for row in found
    )


def steps_of(row: RingGroup) -> tuple[Step, ...]:
    """All members in one step, or each in its own."""
    aors = tuple(f"{member}@{row.tenant.domain}" for member in row.members)
    if row.together:
        return (Step(aors, row.ring_seconds),)
    return tuple(Step((aor,), row.ring_seconds) for aor in aors)


def announcements() -> tuple[book.Announcement, ...]:
    found = Announcement.objects.select_related("tenant").order_by("pk")
    return tuple(book.Announcement(row.pk, f"{row.number}@{row.tenant.domain}") for row in found)


def time_conditions() -> tuple[book.TimeCondition, ...]:
    found = TimeCondition.objects.select_related("tenant").order_by("pk")
    return tuple(
        book.TimeCondition(
            row.pk, f"{row.number}@{row.tenant.domain}", row.office_hours_id, row.in_hours, row.out_of_hours
        )
        for row in found
    )
