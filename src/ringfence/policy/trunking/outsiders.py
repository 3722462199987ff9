"""What is open to whoever calls from outside: what answers inside the tenant, and never a way out again."""

from ringfence.policy.book import FindSubscriber, Subscriber
from ringfence.policy.calls.answering import Callers, answering
from ringfence.policy.calls.services import LEAVE_CODE
from ringfence.policy.calls.voicemail import dialled_service
from ringfence.policy.index import Index
from ringfence.policy.model import Refuse, RingExtension, Verdict

NOWHERE = Refuse("inbound.destination", 480, "Temporarily Unavailable")
INACTIVE = Refuse("inbound.callee_inactive", 480, "Temporarily Unavailable")


def outsider(number: str, tenant_id: int, domain: str, shown: str) -> Subscriber:
    """Stands for whoever calls from outside; it has no account and no right of its own."""
    return Subscriber(f"{number}@{domain}", tenant_id, 0, "", True, shown, "", "")


def is_outsider(subscriber: Subscriber) -> bool:
    return not subscriber.user_id and not subscriber.role


def led_inside(callers: Callers, number: str, index: Index, find: FindSubscriber) -> Verdict:
    """The verdict on where the owner of a called number, or of a ring group, leads a call from outside.

    It is no choice of the caller's, so no right is asked; a number that is nobody's here leads nowhere.
    """
    domain = callers.payer.domain
    callee = find(f"{number}@{domain}")
    if callee is not None:
        ringing = RingExtension("inbound.extension", callee.aor, callers.caller, callee, callers.payer)
        return ringing if callee.active else INACTIVE
    if number.startswith(LEAVE_CODE):  # no other code: nobody reads a mailbox from outside
        return dialled_service(number, callers.caller, callers.payer, find) or NOWHERE
    return answering(number, domain, index, callers) or NOWHERE
