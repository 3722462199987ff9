"""Numbers of a tenant that are no extension: ring groups and announcements."""

from dataclasses import dataclass

from ringfence.policy.book import Announcement, RingGroup, Subscriber
from ringfence.policy.calls.ringlist import decode_steps
from ringfence.policy.calls.services import Service
from ringfence.policy.index import Index
from ringfence.policy.model import PlayService, RingList


@dataclass(frozen=True, slots=True)
class Callers:
    """Who is shown and who pays."""

    caller: Subscriber
    payer: Subscriber


def answering(number: str, domain: str, index: Index, callers: Callers) -> RingList | PlayService | None:
    """What answers a number inside this tenant; None for a number of nobody."""
    match index.answering.get(f"{number}@{domain}"):
        case RingGroup() as group:
            steps, name = decode_steps(group.steps), f"ring_group:{group.id}"
            return RingList("route.ring_group", name, callers.caller, callers.payer, steps, group.otherwise)
        case Announcement() as one:
            played = f"announcement-{one.id}"
            return PlayService("route.announcement", Service.ANNOUNCEMENT, played, callers.caller, callers.payer)
        case _:
            return None
