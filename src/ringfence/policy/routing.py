"""The only code that can say yes."""

from ringfence.policy.book import FindSubscriber, Subscriber
from ringfence.policy.calls.answering import Callers, answering
from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.calls.forwarding import FOR_HELP, Attempt, Judge, follow
from ringfence.policy.calls.timed import led_by_time
from ringfence.policy.calls.voicemail import dialled_service
from ringfence.policy.index import Index
from ringfence.policy.model import Greet, Refuse, Request, RingExtension, SaveContacts, SetCalling, Verdict
from ringfence.policy.outgoing.codes import feature
from ringfence.policy.outgoing.numbers import Reach
from ringfence.policy.outgoing.outside import Exchange, FindExchange, call_outside, emergency_call, no_exchange
from ringfence.policy.people.lamps import watch
from ringfence.policy.people.texting import write_to
from ringfence.policy.trunking.outsiders import is_outsider, led_inside


def route(request: Request, index: Index, find: FindSubscriber, exchange_of: FindExchange = no_exchange) -> Verdict:
    """Where an unobjectionable request goes. Who is not named here is refused."""
    match request.method:
        case "REGISTER":
            return _register(request)
        case "INVITE":
            return _call(request, index, find, exchange_of)
        case "SUBSCRIBE":
            return watch(request, index, find)
        case "MESSAGE":
            return write_to(request, index, find)
        case "OPTIONS":
            return Greet("route.greet")
        case _:
            return Refuse("route.nowhere", 403, "Forbidden")


def _register(request: Request) -> Verdict:
    if request.caller is None:
        return Refuse("route.unknown_caller", 403, "Forbidden")
    return SaveContacts("route.register", request.caller.aor)


def _call(request: Request, index: Index, find: FindSubscriber, exchange_of: FindExchange) -> Verdict:
    caller = request.caller
    if caller is None:
        return Refuse("route.unknown_caller", 403, "Forbidden")
    if asked := feature(request.target_user, caller, index, find):
        return _forward_for_help(asked, caller, exchange_of) or asked
    payer, judge = request.payer or caller, judge_with(index, find, exchange_of)
    if request.replaces:  # whoever is asked for is talking already: no forward applies
        return judge(caller, payer, request.target_user)
    return follow(Attempt(caller, payer, request.target_user), judge)


def _forward_for_help(asked: Verdict, caller: Subscriber, exchange_of: FindExchange) -> Refuse | None:
    """The objection to a code that forwards to an emergency number: the phone would hear "On", and nothing be set."""
    target = dict(asked.values).get("forward_always") if isinstance(asked, SetCalling) else None
    exchange = exchange_of(caller.tenant_id) if target else None
    if exchange is None or not exchange.plan.emergency_number(read_dialled(str(target))):
        return None
    return Refuse(FOR_HELP.rule, 403, "Forbidden")


def judge_with(index: Index, find: FindSubscriber, exchange_of: FindExchange = no_exchange) -> Judge:
    """The one judgement of a call, whether it was dialled, forwarded, transferred or started by a program.

    An emergency number comes before everything. The payer's rights decide; the caller is only shown. Whoever calls
    from outside has none and is led to what answers inside.
    """

    def judge(caller: Subscriber, payer: Subscriber, number: str) -> Verdict:
        exchange = exchange_of(payer.tenant_id)
        emergency = None if is_outsider(payer) else emergency_call(payer, number, index, exchange)
        if emergency is not None:
            return emergency
        plan, now = (exchange.plan, exchange.now) if exchange else (None, 0.0)
        led = led_by_time(number, payer.domain, index, plan, now)
        if isinstance(led, Refuse):
            return led
        if is_outsider(payer):
            return led_inside(Callers(caller, payer), led, index, find)
        return judge_led(caller, payer, led, exchange)

    def judge_led(caller: Subscriber, payer: Subscriber, number: str, exchange: Exchange | None) -> Verdict:
        service = dialled_service(number, caller, payer, find)
        if service is not None and index.role(payer.role).may(Reach.INTERNAL):
            return service
        callee = find(f"{number}@{payer.domain}")
        if callee is None and (answer := answering(number, payer.domain, index, Callers(caller, payer))):
            may_call = index.role(payer.role).may(Reach.INTERNAL)
            return answer if may_call else Refuse("route.internal_calls", 403, "Forbidden")
        if callee is None:
            return call_outside(payer, number, index, exchange)
        if not index.role(payer.role).may(Reach.INTERNAL):
            return Refuse("route.internal_calls", 403, "Forbidden")
        if not callee.active:
            return Refuse("route.callee_inactive", 480, "Temporarily Unavailable")
        return RingExtension("route.extension", callee.aor, caller, callee, payer)

    return judge
