"""What the guard's socket can be asked about budgets."""

import time
from typing import Any, Final

from ringfence.guard.control import Args, Refusal, Verb, text
from ringfence.guard.service import Service
from ringfence.policy.outgoing.spend import Owner

LIFT: Final = "budgets.lift"


class FuseDesk:
    """Answers for the fuse of one guard."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def verbs(self) -> dict[str, Verb]:
        return {"budgets.suspended": self.suspended, "budgets.usage": self.usage, LIFT: self.lift}

    async def suspended(self, _: Args) -> list[dict[str, Any]]:
        return self._service.parts.fuse.listing()

    async def usage(self, args: Args) -> dict[str, Any]:
        """What an owner used today."""
        owner = text(args, "owner")
        if owner.partition(":")[0] not in tuple(Owner):
            raise Refusal("budgets.owner", "owner", f"{owner!r} is no owner of a budget, as in tenant:3.")
        return {"owner": owner, **self._service.parts.fuse.usage(owner, time.time())}

    async def lift(self, args: Args) -> dict[str, Any]:
        owner = text(args, "owner")
        if not self._service.parts.fuse.lift(owner, text(args, "by", ""), time.time()):
            raise Refusal("budgets.not_suspended", "owner", f"{owner} is not suspended.")
        self._service.commit()
        return {"owner": owner}
