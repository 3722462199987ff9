"""Numbers that lead elsewhere inside office hours than outside them (reference: "Office Hours")."""

from typing import Final

from ringfence.policy.book import TimeCondition
from ringfence.policy.calls.destinations import Destination, DestinationKind, parse_destination
from ringfence.policy.calls.services import LEAVE_CODE
from ringfence.policy.index import Index
from ringfence.policy.model import Refuse
from ringfence.policy.outgoing.callplan import CallPlan

MOST_CONDITIONS: Final = 5
"""Time conditions that one call may pass; more of them are a loop."""

LOOP: Final = Refuse("route.time_condition", 482, "Loop Detected")
HANG_UP: Final = Refuse("route.hang_up", 603, "Decline")


def led_by_time(number: str, domain: str, index: Index, plan: CallPlan | None, now: float) -> str | Refuse:
    """The number that a call goes to now; most are no time condition and stay as they are.

    Without a plan, or without its office hours, it is always outside them: nobody is at work whom nobody put there.
    """
    for _ in range(MOST_CONDITIONS):
        found = index.answering.get(f"{number}@{domain}")
        if not isinstance(found, TimeCondition):
            return number
        hours = plan.hours.get(found.hours_id) if plan else None
        leads = parse_destination(found.in_hours if hours and hours.is_open(now) else found.out_of_hours)
        if leads.kind is DestinationKind.HANG_UP:
            return HANG_UP
        number = number_of(leads)
    return LOOP


def number_of(destination: Destination) -> str:
    """What an extension dials to get there; "" for hanging up.

    >>> number_of(parse_destination("voicemail:101")), number_of(parse_destination("ring_group:600"))
    ('*99101', '600')
    """
    if destination.kind is DestinationKind.VOICEMAIL:
        return f"{LEAVE_CODE}{destination.value}"
    return destination.value
