"""The only code that can say yes."""

from ringfence.policy.answering import Callers, answering
from ringfence.policy.book import FindSubscriber, Subscriber
from ringfence.policy.codes import feature
from ringfence.policy.forwarding import Attempt, Judge, follow
from ringfence.policy.index import Index
from ringfence.policy.lamps import watch
from ringfence.policy.model import Greet, Refuse, Request, RingExtension, SaveContacts, Verdict
from ringfence.policy.numbers import Reach, dialled_number, reach_of
from ringfence.policy.voicemail import dialled_service


def route(request: Request, index: Index, find: FindSubscriber) -> Verdict:
    """Where an unobjectionable request goes. Who is not named here is refused."""
    match request.method:
        case "REGISTER":
            return _register(request)
        case "INVITE":
            return _call(request, index, find)
        case "SUBSCRIBE":
            return watch(request, index, find)
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
    if asked := feature(request.target_user, caller, index, find):
        return asked
    payer, judge = request.payer or caller, judge_with(index, find)
    if request.replaces:  # whoever is asked for is talking already: no forward applies
        return judge(caller, payer, request.target_user)
    return follow(Attempt(caller, payer, request.target_user), judge)


def judge_with(index: Index, find: FindSubscriber) -> Judge:
    """The one judgement of a call, whether it was dialled, forwarded, transferred or started by a program.

    The payer's rights decide; the caller is only shown.
    """

    def judge(caller: Subscriber, payer: Subscriber, number: str) -> Verdict:
        service = dialled_service(number, caller, payer, find)
        if service is not None and index.role(payer.role).may(Reach.INTERNAL):
            return service
        callee = find(f"{number}@{payer.domain}")
        if callee is None and (answer := answering(number, payer.domain, index, Callers(caller, payer))):
            may_call = index.role(payer.role).may(Reach.INTERNAL)
            return answer if may_call else Refuse("route.internal_calls", 403, "Forbidden")
        if callee is None:
            return _outside(number, index, payer)
        if not index.role(payer.role).may(Reach.INTERNAL):
            return Refuse("route.internal_calls", 403, "Forbidden")
        if not callee.active:
            return Refuse("route.callee_inactive", 480, "Temporarily Unavailable")
        return RingExtension("route.extension", callee.aor, caller, callee, payer)

    return judge


def _outside(dialled: str, index: Index, payer: Subscriber) -> Verdict:
    """A number of nobody here: the role is asked first, so who may not call outside learns nothing about routes."""
    number = dialled_number(dialled)
    if not number:
        return Refuse("route.no_rule", 404, "Not Found")
    reach = reach_of(number)
    if not index.role(payer.role).may(reach):
        if reach is Reach.INTERNATIONAL:
            return Refuse("route.international_calls", 403, "Forbidden")
        return Refuse("route.national_calls", 403, "Forbidden")
    return Refuse("route.no_rule", 404, "Not Found")
