"""What would stop a call outside at this moment, beside the rules: trunks that do not answer, and suspensions.

Told by the guard; while it does not answer, nothing is known. How many calls are up is not asked: the call finds out.
"""

from typing import Final, NamedTuple, Self

from ringfence.policy.book import Tenant
from ringfence.policy.calls.limits import SUSPENDED, CallFacts, Extent, suspendable
from ringfence.policy.model import CallOutside, Refuse
from ringfence.policy.trunking.trunks import Trunk, TrunkIndex
from ringfence.policy.trunking.ways import NO_WAY, addresses_of, ways
from ringfence.portal import guard
from ringfence.portal.problems import Refused
from ringfence.portal.trunks.state import Told, told

READY: Final = "ready"
DOWN: Final = "down"
CLOSED: Final = "closed"
"""The trunk is switched off, or is not for this tenant."""


class Standing(NamedTuple):
    """How trunks are doing, and under which names outside calls are suspended."""

    trunks: Told
    suspended: frozenset[str] = frozenset()

    @classmethod
    def now(cls) -> Self:
        try:
            owners = guard.listed("budgets.suspended", "suspensions")
        except Refused:
            owners = []
        return cls(told(), frozenset(item["owner"] for item in owners))

    def is_down(self, trunk_id: int, address: str) -> bool:
        return str(self.trunks.get(f"{trunk_id} {address}", {}).get("state", "")).startswith("down")

    def of_route(self, trunk: Trunk | None, tenant_id: int) -> str:
        """Whether a call may take the route over this trunk, and whether anybody answers there."""
        if trunk is None or not trunk.serves(tenant_id):
            return CLOSED
        return DOWN if all(self.is_down(trunk.id, address) for address in addresses_of(trunk)) else READY

    def objection(self, verdict: CallOutside, tenant: Tenant, trunks: TrunkIndex) -> Refuse | None:
        """What the call would meet, as `signaling.trunking.outward` asks: a way that is left, and whether its trunk,
        the tenant or the extension is suspended.
        """
        left = ways(verdict, trunks, self.is_down)
        call = CallFacts(tenant, verdict.payer, emergency=verdict.emergency, suspendable=True)
        free = [way for way in left if not self._suspended(call._replace(trunk=Extent(way.trunk_id)))]
        if free:
            return None
        return SUSPENDED if left else NO_WAY

    def _suspended(self, call: CallFacts) -> bool:
        return not self.suspended.isdisjoint(suspendable(call))


NOTHING_KNOWN: Final = Standing({})
"""Of another moment than this one."""
