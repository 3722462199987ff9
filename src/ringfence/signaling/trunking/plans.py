"""The tenants' plans for calls to the outside, as one worker knows them."""

import time

from ringfence.policy.outgoing.callplan import WORLD_KEY, CallPlan, decode_plan, decode_world, plan_key
from ringfence.policy.outgoing.numberplan import World
from ringfence.policy.outgoing.outside import Exchange
from ringfence.signaling.store import PolicyView, Report


class Plans:
    """Decodes a plan once for each change of it. A broken one is reported once; then no call of the tenant leaves."""

    def __init__(self, view: PolicyView, broken: Report) -> None:
        self._view = view
        self._broken = broken
        self._version = -1
        self._raw_world: bytes | None = None
        self._world: World | None = None
        self._checked: set[int] = set()
        self._plans: dict[int, tuple[bytes, CallPlan | None]] = {}

    def exchange(self, tenant_id: int) -> Exchange | None:
        """What a call of this tenant is judged by now; None if it has no plan."""
        if self._view.version != self._version:
            self._look_again()
        if tenant_id not in self._checked:
            self._read(tenant_id)
        held = self._plans.get(tenant_id)
        return Exchange(held[1], time.time()) if held and held[1] else None

    def _look_again(self) -> None:
        """Something was published; what has the same bytes as before is not decoded again."""
        self._version = self._view.version
        self._checked.clear()
        raw = self._view.lookup(WORLD_KEY)
        if raw != self._raw_world:
            self._raw_world, self._world = raw, None
            self._plans.clear()
            if raw is not None:
                try:
                    self._world = decode_world(raw)
                except (ValueError, KeyError, TypeError) as error:
                    self._broken(f"the table of calling codes is broken: {error}")

    def _read(self, tenant_id: int) -> None:
        self._checked.add(tenant_id)
        raw = self._view.lookup(plan_key(tenant_id))
        if raw is None or self._world is None:
            self._plans.pop(tenant_id, None)
            return
        held = self._plans.get(tenant_id)
        if held is None or held[0] != raw:
            self._plans[tenant_id] = (raw, self._decoded(tenant_id, raw, self._world))

    def _decoded(self, tenant_id: int, raw: bytes, world: World) -> CallPlan | None:
        try:
            return decode_plan(raw, world)
        except (ValueError, KeyError, TypeError) as error:
            self._broken(f"the call plan of tenant {tenant_id} is broken: {error}")
            return None
