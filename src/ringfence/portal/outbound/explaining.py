"""Which rule a call would take, and why: the policy in force, asked by the very code that decides live."""

from typing import Any

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.dialled import read_dialled
from ringfence.policy.decide import decide
from ringfence.policy.index import build_index
from ringfence.policy.model import (
    Answer,
    CallOutside,
    Credentials,
    Refuse,
    Request,
    RingExtension,
    TrunkRoute,
    Verdict,
)
from ringfence.policy.outgoing.callplan import WORLD_KEY, CallPlan, decode_plan, decode_world, plan_key
from ringfence.policy.outgoing.numberplan import Number
from ringfence.policy.outgoing.outbound import OutboundRule
from ringfence.policy.outgoing.outside import Exchange
from ringfence.policy.trunking.trunks import Trunk
from ringfence.portal.actor import Actor
from ringfence.portal.in_force import moment, policy_in_force
from ringfence.portal.outbound.changes import trunks_of
from ringfence.portal.outbound.standing import NOTHING_KNOWN, Standing
from ringfence.portal.people.models import Extension
from ringfence.portal.problems import NotFound, Unavailable, refuse
from ringfence.store.reader import PolicyReader

MOST_SHOWN = 100
"""Rules that a call passed over; the rest would only repeat them."""

HOMELESS = "no country"
SENTENCES = {
    HOMELESS: "The tenant has no country in its number plan yet: its numbers and its emergency numbers are not known.",
    "outbound.rule": "The call leaves by this rule.",
    "outbound.emergency": "This is an emergency number: the call leaves at once, whatever else is configured.",
    "outbound.hours": "The rule for this call is outside its office hours, and no later rule is asked.",
    "outbound.national": "The role may not call outside numbers.",
    "outbound.international": "The role may not call international numbers.",
    "outbound.disallowed_code": "The number begins with a disallowed code.",
    "outbound.number_class": "This class of numbers is not switched on.",
    "outbound.country": "The country is not among the allowed ones.",
    "route.no_rule": "No outbound rule takes this number, or it is none in this number plan.",
    "route.extension": "This is an extension of the tenant.",
    "route.internal_calls": "The role may not call extensions.",
    "route.ring_group": "A ring group rings.",
    "route.announcement": "An announcement is played.",
    "route.voicemail": "The caller may leave a message.",
    "route.hang_up": "The time condition hangs up at this time.",
    "route.time_condition": "The time conditions lead from one to the other without an end.",
    "route.callee_inactive": "The called extension is suspended.",
    "identity.active": "The caller is suspended.",
    "trunk.none": "No trunk of its routes may be used or answers at the moment: the call would be refused.",
    "spend.suspended": "Outside calls of the extension, the tenant or the trunk are suspended at the moment.",
}

WHY = {
    "disabled": "It is switched off.",
    "prefix": "The number begins differently.",
    "length": "The number has another length.",
    "reach": "It is for national or for international numbers only, and this is the other.",
    "caller": "It is for other extensions.",
    "group": "The caller is in none of its groups.",
    "role": "The caller has none of its roles.",
}


def explain(actor: Actor, caller: str, number: str, at: str = "") -> dict[str, Any]:
    """The verdict on a call that this extension would dial, with the rules it passed over. Raises Refused."""
    now = moment(at)
    found = _caller(actor, caller)
    with policy_in_force() as reader:
        return _explained(reader, found, number, now, NOTHING_KNOWN if at else Standing.now())


def _caller(actor: Actor, caller: str) -> Extension:
    """The extension of this address, or of this number where one tenant alone has it. Raises Refused."""
    number, at, domain = caller.strip().partition("@")
    known = Extension.objects.filter(number=number).select_related("tenant")
    if at:
        known = known.filter(tenant__domain=domain)
    if not actor.above_tenants:
        known = known.filter(tenant_id=actor.tenant_id or 0)
    found = list(known[:2])
    if len(found) > 1:
        message = "More than one tenant has this extension: write it with its domain, as in 101@example.com."
        raise refuse("caller", "explain.tenant", message)
    if not found:
        raise NotFound([refuse("caller", "explain.caller", "There is no such extension.").problems[0]])
    return found[0]


def _explained(reader: PolicyReader, caller: Extension, user: str, now: float, standing: Standing) -> dict[str, Any]:
    book, payer = reader.book(), reader.subscriber(caller.aor)
    plan, world = reader.lookup(plan_key(caller.tenant_id)), reader.lookup(WORLD_KEY)
    if book is None or payer is None or plan is None or world is None:
        raise Unavailable(detail="The extension is not in force yet; try again in a moment.")
    exchange = Exchange(decode_plan(plan, decode_world(world)), now)
    index = build_index(book)
    verdict = decide(_request(payer, user), index, reader.subscriber, lambda tenant_id: exchange)
    shown = _shown(verdict, payer, user, exchange.plan)
    if not isinstance(verdict, CallOutside):
        return shown
    objection = standing.objection(verdict, index.tenants[payer.domain.lower()], index.trunks)
    names = dict(trunks_of(caller.tenant))
    routes = [
        {
            "trunk": names.get(route.trunk_id, ""),
            **_taken(route, index.trunks.by_id.get(route.trunk_id), payer, standing),
        }
        for route in verdict.routes
    ]
    return {**shown, "routes": routes, "objection": _objection(objection)}


def _taken(route: TrunkRoute, trunk: Trunk | None, payer: Subscriber, standing: Standing) -> dict[str, Any]:
    """What the called side would see is what the trunk owns, whatever the rule wishes."""
    return {
        "trunk_id": route.trunk_id,
        "number": route.number,
        "caller_number": trunk.shown_number(route.caller_number) if trunk else "",
        "state": standing.of_route(trunk, payer.tenant_id),
    }


def _objection(refusal: Refuse | None) -> dict[str, Any] | None:
    return {"verdict": refusal.rule, "code": refusal.code, "sentence": SENTENCES[refusal.rule]} if refusal else None


def _request(payer: Subscriber, user: str) -> Request:
    """The INVITE that a phone of this extension would send, proved as its own."""
    uri = f"sip:{user}@{payer.domain}"
    return Request(
        "INVITE", user, payer.domain, uri, payer.extension, payer.domain, user, payer.domain, "", "",
        credentials=Credentials(payer.extension, uri, Answer.RIGHT), caller=payer, transport="tls",
    )  # fmt: skip


def _shown(verdict: Verdict, payer: Subscriber, user: str, plan: CallPlan) -> dict[str, Any]:
    number = plan.number(read_dialled(user))
    outside = verdict if isinstance(verdict, CallOutside) else None
    taken, passed = _asked(plan, payer, number) if _by_rule(verdict) else (None, [])
    return {
        "caller": payer.aor,
        "number": outside.number if outside else number.text if number else user,
        "country": number.country if number else "",
        "kind": str(number.kind) if number else "",
        "verdict": verdict.rule,
        "code": verdict.code if isinstance(verdict, Refuse) else None,
        "sentence": _sentence(verdict, plan),
        "outbound_rule": outside.outbound_rule if outside else taken.name if taken else "",
        "emergency": bool(outside and outside.emergency),
        "routes": [],
        "objection": None,
        "passed_over": passed,
    }


def _by_rule(verdict: Verdict) -> bool:
    """Whether the outbound rules were asked at all."""
    return verdict.rule in ("outbound.rule", "outbound.hours", "route.no_rule")


def _asked(
    plan: CallPlan, payer: Subscriber, number: Number | None
) -> tuple[OutboundRule | None, list[dict[str, Any]]]:
    """The first rule that applies, and why the ones before it do not."""
    passed: list[dict[str, Any]] = []
    for rule in plan.rules.every() if number else ():
        miss = rule.miss(payer, number) if number else None
        if miss is None:
            return rule, passed
        if len(passed) < MOST_SHOWN:
            passed.append({"rule": rule.name, "order": rule.order, "why": str(miss), "sentence": WHY[miss]})
    return None, passed


def _sentence(verdict: Verdict, plan: CallPlan) -> str:
    if isinstance(verdict, RingExtension):
        return f"This is the extension {verdict.callee.extension} of the tenant."
    if verdict.rule in ("route.no_rule", "outbound.country") and not plan.numbers.calling_code:
        return SENTENCES[HOMELESS]
    return SENTENCES.get(verdict.rule, f"The rule {verdict.rule} decides.")
