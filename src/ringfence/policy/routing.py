"""The only code that can say yes."""

from collections.abc import Callable

from ringfence.policy.book import Subscriber
from ringfence.policy.index import Index
from ringfence.policy.model import Greet, Refuse, Request, RingExtension, SaveContacts, Verdict
from ringfence.policy.numbers import Reach, dialled_number, reach_of

FindSubscriber = Callable[[str], Subscriber | None]


def route(request: Request, index: Index, find: FindSubscriber) -> Verdict:
    """Where an unobjectionable request goes. Who is not named here is refused."""
    match request.method:
        case "REGISTER":
            return _register(request)
        case "INVITE":
            return _call(request, index, find)
        case "OPTIONS":
            return Greet("route.greet")
        case _:
            return Refuse("route.nowhere", 403, "Forbidden")


def _register(request: Request) -> Verdict:
    if request.caller is None:
        return Refuse("route.unknown_caller", 403, "Forbidden")
    return SaveContacts("route.register", request.caller.aor)


def _call(request: Request, index: Index, find: FindSubscriber) -> Verdict:
    caller = request.caller
    if caller is None:
        return Refuse("route.unknown_caller", 403, "Forbidden")
    callee = find(f"{request.target_user}@{caller.domain}")
    if callee is None:
        return _outside(request, index, caller)
    if not index.role(caller.role).may(Reach.INTERNAL):
        return Refuse("route.internal_calls", 403, "Forbidden")
    if not callee.active:
        return Refuse("route.callee_inactive", 480, "Temporarily Unavailable")
    return RingExtension("route.extension", callee.aor, caller, callee)


def _outside(request: Request, index: Index, caller: Subscriber) -> Verdict:
    """A number of nobody here: the role is asked first, so who may not call outside learns nothing about routes."""
    number = dialled_number(request.target_user)
    if not number:
        return Refuse("route.no_rule", 404, "Not Found")
    reach = reach_of(number)
    if not index.role(caller.role).may(reach):
        if reach is Reach.INTERNATIONAL:
            return Refuse("route.international_calls", 403, "Forbidden")
        return Refuse("route.national_calls", 403, "Forbidden")
    return Refuse("route.no_rule", 404, "Not Found")
