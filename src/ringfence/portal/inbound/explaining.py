"""Where a call from outside would lead, and why: the policy in force, asked by the very function that decides live."""

from typing import Any, Final

from ringfence.policy.index import Index, build_index
from ringfence.policy.model import CallOutside, PlayService, Refuse, RingExtension, RingList, Verdict
from ringfence.policy.outgoing.callplan import WORLD_KEY, decode_plan, decode_world, plan_key
from ringfence.policy.outgoing.outside import Exchange, FindExchange
from ringfence.policy.routing import judge_with
from ringfence.policy.trunking.inbound import ANONYMOUS, Arrival, Placed, blocking_pattern, did_key, place
from ringfence.portal.actor import Actor
from ringfence.portal.in_force import moment, policy_in_force
from ringfence.portal.inbound.models import InboundRule, NumberPool
from ringfence.portal.problems import NotFound, Unavailable, refuse
from ringfence.store.reader import PolicyReader

NO_RULE: Final = "inbound.no_rule"
SENTENCES: Final = {
    NO_RULE: "The tenant has this number, but no inbound rule leads it anywhere: the call is refused.",
    "inbound.number": "This is nobody's number here.",
    "inbound.tenant": "The trunk is switched off, or it may not be used for this tenant's calls.",
    "inbound.anonymous": "The tenant takes no calls without a caller's number.",
    "inbound.blocked": "The tenant has blocked this caller.",
    "inbound.hang_up": "The rule hangs up.",
    "inbound.destination": "The rule leads to nothing that answers.",
    "inbound.callee_inactive": "The extension that the rule leads to is suspended.",
    "inbound.extension": "An extension rings.",
    "inbound.voicemail": "The caller may leave a message.",
    "route.ring_group": "A ring group rings.",
    "route.announcement": "An announcement is played.",
    "route.time_condition": "The time conditions lead from one to the other without an end.",
    "route.hang_up": "The time condition hangs up at this time.",
    "forward.do_not_disturb": "The extension does not want to be disturbed.",
    "forward.loop": "The forwards of the extensions lead in a circle.",
    "forward.hops": "Too many extensions forward the call one to the other.",
    "outbound.rule": "An extension forwards the call outside, by its own rights.",
    "forward.emergency": "An extension forwards the call to an emergency number, and no forward leads there.",
}


def explain(actor: Actor, number: str, caller: str = "", at: str = "") -> dict[str, Any]:
    """The verdict on a call from outside to one of our numbers. `caller` is the number it comes from, as the trunk's
    provider writes it; "anonymous" or "" for none. Raises Refused.

    Whether a phone is registered or busy is not asked: the call itself finds that out.
    """
    now, called = moment(at), "".join(number.split())
    pool = NumberPool.objects.visible_to(actor).filter(first__lte=called, last__gte=called).select_related("trunk")
    found = next((one for one in pool if len(one.first) == len(called)), None)
    if found is None:
        message = "The number is in no number pool; it is written with its country code, as +493012345."
        raise NotFound([refuse("number", "explain.number", message).problems[0]])
    with policy_in_force() as reader:
        return {**_facts_of(found, called), **_explained(reader, found, called, caller.strip(), now)}


def _facts_of(pool: NumberPool, number: str) -> dict[str, Any]:
    rules = InboundRule.objects.filter(tenant_id=pool.tenant_id, first__lte=number, last__gte=number)
    rule = next((one for one in rules if len(one.first) == len(number)), None)
    return {
        "number": number,
        "tenant_id": pool.tenant_id,
        "trunk_id": pool.trunk_id,
        "trunk": pool.trunk.name,
        "inbound_rule": rule.name if rule else "",
        "destination": rule.destination if rule else "",
    }


def _explained(reader: PolicyReader, pool: NumberPool, number: str, caller: str, now: float) -> dict[str, Any]:
    book = reader.book()
    index = build_index(book) if book else None
    trunk = index.trunks.by_id.get(pool.trunk_id) if index else None
    if index is None or trunk is None:
        raise Unavailable(detail="The number is not in force yet; try again in a moment.")
    withheld = caller.lower() in ("", ANONYMOUS)
    arrival = Arrival((trunk,), (number,), "" if withheld else caller, withheld)
    judge = judge_with(index, reader.subscriber, _exchanges(reader, now))
    found = place(arrival, reader.lookup, index, reader.subscriber, judge)
    if isinstance(found, Refuse):
        has_rule = reader.lookup(did_key(number)) is not None
        return {**_shown(found, index), "sentence": SENTENCES[found.rule if has_rule else NO_RULE]}
    return {**_shown(found.verdict, index), **_caller_of(found, reader)}


def _exchanges(reader: PolicyReader, now: float) -> FindExchange:
    def exchange_of(tenant_id: int) -> Exchange | None:
        plan, world = reader.lookup(plan_key(tenant_id)), reader.lookup(WORLD_KEY)
        return Exchange(decode_plan(plan, decode_world(world)), now) if plan and world else None

    return exchange_of


def _caller_of(placed: Placed, reader: PolicyReader) -> dict[str, Any]:
    number = placed.caller.extension
    return {"caller": number, "blocked_by": blocking_pattern(placed.caller.tenant_id, number, reader.lookup)}


def _shown(verdict: Verdict, index: Index) -> dict[str, Any]:
    outside = verdict if isinstance(verdict, CallOutside) else None
    trunks = index.trunks.by_id
    return {
        "verdict": verdict.rule,
        "code": verdict.code if isinstance(verdict, Refuse) else None,
        "sentence": SENTENCES.get(verdict.rule, f"The rule {verdict.rule} decides."),
        "caller": "",
        "blocked_by": "",
        "rings": _rings(verdict),
        "plays": verdict.argument if isinstance(verdict, PlayService) else "",
        "forwarded_by": _forwarders(verdict),
        "leaves_to": outside.number if outside else "",
        "leaves_by": [trunks[route.trunk_id].name for route in outside.routes if route.trunk_id in trunks]
        if outside
        else [],
    }


def _rings(verdict: Verdict) -> list[str]:
    """The extensions that ring, in their order."""
    match verdict:
        case RingExtension():
            return [verdict.aor]
        case RingList():
            return list(dict.fromkeys(aor for step in verdict.steps for aor in step.aors))
        case _:
            return []


def _forwarders(verdict: Verdict) -> list[str]:
    """Who forwards the call, the last one at the end; of a refused forward the one it was refused to."""
    match verdict:
        case RingExtension() | RingList():
            return list(verdict.path)
        case CallOutside():
            return [verdict.payer.aor]
        case Refuse():
            return [verdict.payer] if verdict.payer else []
        case _:
            return []
