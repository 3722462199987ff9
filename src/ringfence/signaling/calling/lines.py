"""What a call occupies: its extensions, the trunk it came in by, and the one it goes out over."""

from typing import Final

from ringfence.policy.book import Subscriber, Tenant
from ringfence.policy.calls.limits import OF_CIRCLE, CallFacts, Extent
from ringfence.policy.calls.services import Service
from ringfence.policy.model import CallOutside, PlayService, RingExtension, RingList
from ringfence.policy.trunking.outsiders import is_outsider
from ringfence.policy.trunking.trunks import Trunk
from ringfence.signaling.ports import ksr
from ringfence.signaling.worker import Worker

CAME_BY: Final = "came_by"
"""The dialog variable with the trunk that a call came in by."""


def extent_of(trunk: Trunk, tenant_id: int) -> Extent:
    """How many calls of this trunk may be up, in all and of this tenant."""
    return Extent(trunk.id, trunk.max_calls, trunk.share_of(tenant_id))


def came_by(tenant: Tenant, worker: Worker) -> Extent | None:
    """The same of the trunk that the call of this dialog came in by; None for a call from inside."""
    index, trunk_id = worker.view.current(), ksr.dialog_var(CAME_BY)
    trunk = index.trunks.by_id.get(int(trunk_id)) if index and trunk_id else None
    return extent_of(trunk, tenant.id) if trunk else None


def facts_of(verdict: RingExtension | RingList | PlayService, tenant: Tenant, arrived: Extent | None) -> CallFacts:
    """What is counted when this call is sent. Of a list, only who called and who pays: its members ring for others. A
    message that somebody leaves is no call of the mailbox's owner.
    """
    called = verdict.callee if isinstance(verdict, RingExtension) else None
    caller, payer = _inside(verdict.caller), None if _is_left_with(verdict) else _inside(verdict.payer)
    return CallFacts(tenant, caller, called, payer=payer, came_by=arrived)


def _is_left_with(verdict: RingExtension | RingList | PlayService) -> bool:
    """Whether whoever pays is the owner of the mailbox that takes the call."""
    if not isinstance(verdict, PlayService) or verdict.service is not Service.LEAVE_MESSAGE:
        return False
    return verdict.argument == verdict.payer.aor != verdict.caller.aor


def facts_outside(verdict: CallOutside, caller: Subscriber, tenant: Tenant, arrived: Extent | None) -> CallFacts:
    """The same of a call to the outside; the trunk that it takes comes later."""
    facts = CallFacts(tenant, _inside(caller), None, None, verdict.emergency, suspendable=True)
    return facts._replace(payer=verdict.payer, came_by=arrived, circle=_circle(verdict, caller))


def _circle(verdict: CallOutside, caller: Subscriber) -> str:
    """Nothing of a call that nobody forwarded."""
    return "" if verdict.payer.aor == caller.aor else f"{OF_CIRCLE}{verdict.payer.aor}:{verdict.number}:{caller.aor}"


def _inside(party: Subscriber) -> Subscriber | None:
    """Whoever calls from outside is no extension."""
    return None if is_outsider(party) else party
