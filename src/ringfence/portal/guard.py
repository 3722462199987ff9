"""The portal's questions to the guard. It holds the privileges; the portal holds none."""

import logging
from typing import Any, Final

from ringfence import guardlink
from ringfence.guardlink import GuardRefusal, GuardUnreachable
from ringfence.policy.settings import Problem
from ringfence.portal import places
from ringfence.portal.confirm.trial import refuse_lasting
from ringfence.portal.problems import NotFound, Refused, Unavailable

NOT_BANNED: Final = "bans.not_banned"

log = logging.getLogger(__name__)


class GuardSilent(Unavailable):
    error_id = "guard.unreachable"
    title = "The guard does not answer"


def ask(verb: str, timeout: float = 3.0, **args: Any) -> Any:
    """The guard's answer. Raises GuardSilent when it is down and Refused when it says no."""
    refuse_lasting(verb)
    try:
        return guardlink.ask(places.GUARD_SOCKET, verb, timeout, **args)
    except GuardUnreachable as error:
        raise GuardSilent(
            detail="The guard does not answer. Bans in the kernel stay in force; lists come back when it does."
        ) from error
    except GuardRefusal as error:
        kind = NotFound if error.error_id == NOT_BANNED else Refused
        raise kind([Problem(error.field, error.error_id, error.message)]) from error


def tell(verb: str, **args: Any) -> None:
    """Says something to the guard that it would find out by itself a little later; never fails a change."""
    try:
        guardlink.ask(places.GUARD_SOCKET, verb, 1.0, **args)
    except (GuardUnreachable, GuardRefusal) as error:
        log.warning("%s was not taken by the guard: %s", verb, error)


def listed(verb: str, key: str) -> list[dict[str, Any]]:
    """The list in the guard's answer, whether bare or under its key."""
    data = ask(verb)
    items = data.get(key, []) if isinstance(data, dict) else data
    return [dict(item) for item in items or []]
