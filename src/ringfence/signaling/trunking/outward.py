"""Carries a call out over trunks: one way after the other until one takes it, and nothing of the inside goes along.

Which ways are left stands in the dialog, so any worker can take the next one.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from ringfence.policy.book import Subscriber
from ringfence.policy.calls.ladder import CALLER, SYSTEM
from ringfence.policy.calls.limits import CallFacts
from ringfence.policy.events import Kind
from ringfence.policy.model import CallOutside, Refuse
from ringfence.policy.offenders.challenged import answerable
from ringfence.policy.relay.encryption import USUAL
from ringfence.policy.relay.media import Leg, encode_leg
from ringfence.policy.trunking.trunks import CallerIn, Login, Trunk, TrunkKind, identity_header
from ringfence.policy.trunking.ways import MOST_WAYS, NO_WAY, Way, decode_ways, encode_ways, goes_on, peer_of, ways
from ringfence.signaling import facts, told
from ringfence.signaling.calling import calls, claims, emergency, ladder, limits, lines, sides, turns
from ringfence.signaling.ports import branch_port, digests, ksr, trunk_port
from ringfence.signaling.registration import devices
from ringfence.signaling.relay import media, mediaroom, terms
from ringfence.signaling.trunking import links, proved
from ringfence.signaling.worker import Worker

PRIVATE: Final = "private"
ANSWERED: Final = "answered_challenge"
OF_TRUNK: Final = "limits.trunk"
OUTBOUND: Final = "outbound"

Admit = Callable[[CallFacts, Worker], Refuse | None]


class Source(NamedTuple):
    """Who calls, and how the call came in."""

    caller: Subscriber
    arrived: calls.Arrived = calls.INSIDE


def call_outside(verdict: CallOutside, dialled: str, by: Source, worker: Worker) -> None:
    """Sends an INVITE to the outside over the first way that has a line free."""
    if verdict.emergency:
        emergency.tell(verdict, worker)
    leg = _leg(verdict, by, worker)
    if isinstance(leg, Refuse):
        calls.refuse(worker, leg, calls.caller_fields(by.caller, verdict.number, dialled))
        return
    payer, tenant = verdict.payer, worker.tenant(verdict.payer.domain)
    claims.strip()
    call = lines.facts_outside(verdict, by.caller, tenant, by.arrived.extent)
    admit = partial(limits.admit, already=by.arrived.already)
    turns.take(verdict, worker)
    found, objection = _admitted(_ways(verdict, worker), call, admit, worker)
    if objection is not None:
        turns.end(verdict, to_charge=False)
        refusal = replace(objection, payer=payer.aor)
        wanted = {name: _of_number(verdict)[name] for name in ("number", "outbound_rule", "direction")}
        calls.journal_refused_call(worker, refusal, by.caller, dialled, **wanted)
        worker.refused(objection.rule)
        limits.refuse(objection)
        return
    calls.end_in_time(tenant)
    values = {**_values(verdict, dialled, by), "id": worker.new_call_id()}
    ksr.track_dialog()
    told.note({**values, **_taken(verdict, found), media.CALLER: encode_leg(leg)})
    limits.attach(worker)
    fields = {**calls.caller_fields(by.caller, verdict.number, dialled), "trunk": found[0].trunk_id}
    started = {name: values[name] for name in ("payer", "number", "outbound_rule", "direction")}
    told_first = {"call_id": values["id"], "rule": verdict.rule}
    worker.journal.append(Kind.CALL_STARTED, {**told_first, **fields, **started}, at_once=True)  # the fuse judges it
    turns.end(verdict, to_charge=True)
    ksr.record_route()
    if objection := _send(worker, CALLER):
        told.note_end(objection.code, objection.reason, "system", objection.rule)
        limits.refuse(objection)


def _leg(verdict: CallOutside, by: Source, worker: Worker) -> Leg | Refuse:
    """The leg of the caller, or why its offer is refused. Not so of an emergency call: rather heard by others than by
    nobody.
    """
    leg = media.leg_of_caller(by.arrived.terms or terms.of_subscriber(by.caller, worker))
    return media.leg_of_caller(USUAL) if isinstance(leg, Refuse) and verdict.emergency else leg


def lead_outside(verdict: CallOutside, caller: Subscriber, worker: Worker) -> Refuse | None:
    """The same for a call that rang inside in vain, in the failure route. The objection, or None: it goes on."""
    tenant = worker.tenant(verdict.payer.domain)
    if verdict.emergency:
        emergency.tell(verdict, worker)
    call = lines.facts_outside(verdict, caller, tenant, lines.came_by(tenant, worker))
    turns.take(verdict, worker)
    found, objection = _admitted(_ways(verdict, worker), call, limits.readmit, worker)
    if objection is not None:
        turns.end(verdict, to_charge=False)
        return objection
    path = ",".join((ksr.dialog_var("path"), ksr.dialog_var("to"))).strip(",")
    values = {**_of_number(verdict), **_taken(verdict, found), "path": path, "trunk": str(found[0].trunk_id)}
    for name, value in {**values, **dict.fromkeys(("rung", "steps", "otherwise", "callee"), "")}.items():
        ksr.set_dialog_var(name, value)
    leads = {"by": path.rpartition(",")[2], "rung": [], "payer": verdict.payer.aor, "emergency": verdict.emergency}
    worker.journal.append(Kind.CALL_FORWARDED, {**told.call_fields(), **sides.outside_fields(), **leads})
    turns.end(verdict, to_charge=True)
    return _send(worker)


def _ways(verdict: CallOutside, worker: Worker) -> tuple[Way, ...]:
    index = worker.view.current()
    found = ways(verdict, index.trunks, _is_down) if index else ()
    return tuple(one for way in found for one in _to_each_gateway(way, worker))[:MOST_WAYS]


def _to_each_gateway(way: Way, worker: Worker) -> tuple[Way, ...]:
    """Several may be registered on one account, one in reserve of the other: their ways are the names of their
    registrations, what registered last first.
    """
    index = worker.view.current()
    trunk = index.trunks.by_id.get(way.trunk_id) if index else None
    if trunk is None or trunk.kind is not TrunkKind.ACCEPT_REGISTER:
        return (way,)
    return tuple(way._replace(address=one.ruid) for one in devices.gateways_of(trunk.account)) or (way,)


def _admitted(
    found: tuple[Way, ...], call: CallFacts, admit: Admit, worker: Worker
) -> tuple[tuple[Way, ...], Refuse | None]:
    """The ways from the first one whose trunk has a line free, or the last objection."""
    index, objection = worker.view.current(), NO_WAY
    for place, way in enumerate(found):
        trunk = index.trunks.by_id.get(way.trunk_id) if index else None
        if trunk is None:
            continue
        refused = admit(call._replace(trunk=lines.extent_of(trunk, call.tenant.id)), worker)
        if refused is None:
            return found[place:], None
        objection = refused
        if not refused.rule.startswith(OF_TRUNK):
            break
    return (), objection


def _objection_to(trunk: Trunk, worker: Worker) -> Refuse | None:
    """The objection to this trunk carrying the call; without one its counts move along."""
    if limits.counts_for(trunk.id):
        return None
    payer = worker.view.subscriber(ksr.dialog_var("payer"))
    if payer is None:
        return NO_WAY
    tenant = worker.tenant(payer.domain)
    caller = worker.view.subscriber(ksr.dialog_var("from"))
    call = CallFacts(tenant, caller, None, lines.extent_of(trunk, tenant.id), bool(ksr.dialog_var("emergency")), True)
    came_by = lines.came_by(tenant, worker)
    return limits.readmit(call._replace(payer=payer, came_by=came_by, circle=limits.circle()), worker)


def _values(verdict: CallOutside, dialled: str, by: Source) -> dict[str, str]:
    """What the dialog of a new call holds of both parties."""
    payer = verdict.payer
    return {
        **by.arrived.told,
        "caller": facts.party(),
        "from": by.caller.aor,
        "dialled": dialled[:64],
        "tenant": str(payer.tenant_id),
        "user": str(by.caller.user_id),
        "started": f"{time.time():.3f}",
        **_of_number(verdict),
    }


def _of_number(verdict: CallOutside) -> dict[str, str]:
    return {
        "to": verdict.number,
        "payer": verdict.payer.aor,
        "number": verdict.number,
        "outbound_rule": verdict.outbound_rule,
        "direction": OUTBOUND,
        "emergency": "1" if verdict.emergency else "",
    }


def _taken(verdict: CallOutside, found: tuple[Way, ...]) -> dict[str, str]:
    private = "id" in ksr.text("$hdr(Privacy)").lower()
    return {"ways": encode_ways(found), "privacy": PRIVATE if private else ""}


def _send(worker: Worker, sender: str = SYSTEM) -> Refuse | None:
    """The one place where a call goes out over a trunk: takes the first way that Kamailio can send to. Without one, the
    last objection. The INVITE is the caller's own, or one that the system sends because something else came of that.
    """
    index, objection = worker.view.current(), NO_WAY
    left = decode_ways(ksr.dialog_var("ways")) if index else ()
    while left and index:
        way, left = left[0], left[1:]
        trunk = index.trunks.by_id.get(way.trunk_id)
        if trunk is None or not trunk.enabled:
            continue
        if refused := _objection_to(trunk, worker):
            objection = refused
        elif _aim(way, trunk, worker):
            _note(way, left, trunk, worker)
            ladder.note(sender, "INVITE")
            if _relayed():
                return None
    return media.why_failed(objection)


def _note(way: Way, left: tuple[Way, ...], trunk: Trunk, worker: Worker) -> None:
    tried = sides.trunks_tried()
    if trunk.id not in tried[-1:]:
        tried.append(trunk.id)
    values = {
        "ways": encode_ways(left),
        "way": encode_ways((way,)),
        "trunk": str(way.trunk_id),
        sides.TRIED: " ".join(map(str, tried)),
        ANSWERED: "",
        "callee": "",
    }
    for name, value in values.items():
        ksr.set_dialog_var(name, value)
    if len(tried) > 1:
        worker.journal.append(Kind.CALL_REROUTED, {**told.call_fields(), "trunk": trunk.id, "trunks": tried})


def _aim(way: Way, trunk: Trunk, worker: Worker) -> bool:
    """Makes this way the target of the request."""
    if trunk.kind is TrunkKind.ACCEPT_REGISTER:
        gateway = next((one for one in devices.gateways_of(trunk.account) if one.ruid == way.address), None)
        if gateway is None or not ksr.find_contacts(trunk.account):
            return False
        trunk_port.note_outside(gateway.address)
        return True
    peer = peer_of(way, trunk)
    if peer is None or not links.send_over(trunk, way.address, worker) or not _may_be_reached(trunk, way.address):
        return False
    trunk_port.set_target(f"sip:{way.number}@{trunk.domain or way.address}")
    trunk_port.note_outside(peer.address)
    ksr.set_next_hop(f"sip:{way.address};transport={trunk.transport.value}")
    return True


def _may_be_reached(trunk: Trunk, address: str) -> bool:
    """Over TLS only who proved to be the provider. Not so an emergency call: rather to a stranger than nowhere."""
    return not proved.is_wanted(trunk) or proved.take(trunk, address) or bool(ksr.dialog_var("emergency"))


def _relayed() -> bool:
    ksr.ring_for(calls.LONGEST_RINGING)
    names = ("ksr_reply_call", "ksr_failure_trunk", "ksr_branch_trunk")
    return ksr.on_reply(names[0]) and ksr.on_failure(names[1]) and ksr.on_branch(names[2]) and ksr.relay()


def dress(worker: Worker) -> bool:
    """What this branch says of the caller, and its media; False: it is not sent.

    The provider sees numbers that the trunk owns and its own domain, and nothing of ours.
    """
    index = worker.view.current()
    found = decode_ways(ksr.dialog_var("way"))
    trunk = index.trunks.by_id.get(found[0].trunk_id) if index and found else None
    if trunk is None:
        return False
    if not mediaroom.takes_branch(worker):
        media.note_full()
        return False
    way, private = found[0], ksr.dialog_var("privacy") == PRIVATE
    if trunk.kind is TrunkKind.ACCEPT_REGISTER:
        if branch_port.device_of_branch() != way.address:  # of another gateway, or what this one was before it started
            return False
        trunk_port.set_target_user(way.number)
    sides.keep_what_passes()
    ours, called = _shown(way, trunk), f"sip:{way.number}@{trunk.domain}"
    shown = _sender(ours, trunk, private=private)
    ksr.set_dialog_var("shown", shown)
    ksr.set_dialog_var("called", called)
    trunk_port.show_parties(shown, called)
    ksr.append_header(identity_header(trunk.caller_in, ours, private=private))
    if private:
        ksr.append_header("Privacy: id")
    return media.offer_to_branch(trunk.terms)


def _shown(way: Way, trunk: Trunk) -> str:
    return f"sip:{way.caller_number or trunk.account_name or 'anonymous'}@{trunk.own_domain}"


def _sender(ours: str, trunk: Trunk, *, private: bool) -> str:
    """Who calls, as From says it. A provider that goes by the account hears that of a private call too: whose number is
    withheld stands elsewhere.
    """
    if trunk.caller_in is not CallerIn.FROM and trunk.account_name:
        return f"sip:{trunk.account_name}@{trunk.own_domain}"
    return "sip:anonymous@anonymous.invalid" if private else ours


def failed(worker: Worker) -> None:
    """The answer to a challenge, the next way, or the end of the call."""
    code = ksr.number("$T_reply_code")
    if ksr.cancelled():
        calls.failed(worker, in_dialog=False)
        return
    if code in (401, 407) and _answers_challenge(worker):
        return
    heard = ksr.any_reply()
    if code == 408 and not heard:
        _went_silent(worker)
    emergency = bool(ksr.dialog_var("emergency"))
    objection = _send(worker) if goes_on(code, heard=heard, emergency=emergency) else NO_WAY
    if objection is None:
        return
    if objection is NO_WAY:
        calls.failed(worker, in_dialog=False)
    else:
        _end(objection, worker)


def _end(objection: Refuse, worker: Worker) -> None:
    """Another way was there and may not be taken: the caller hears why, not what the trunk before it said."""
    worker.refused(objection.rule)
    ksr.set_dialog_var("refused", objection.rule)
    limits.tell_cause(objection)
    calls.replace_final(objection.code, objection.reason)
    media.let_go()


def _answers_challenge(worker: Worker) -> bool:
    """Once for each way, and only for the realm the password belongs to (attack case 114)."""
    index = worker.view.current()
    found = decode_ways(ksr.dialog_var("way"))
    trunk = index.trunks.by_id.get(found[0].trunk_id) if index and found else None
    if trunk is None or trunk.login is None or ksr.dialog_var(ANSWERED):
        return False
    login = trunk.login
    if not (_aim(found[0], trunk, worker) and _answer(login)):
        worker.report(Kind.TRUNK_CHANGED, _refused_realm(found[0]))
        return False
    ksr.set_dialog_var(ANSWERED, "1")
    ladder.note(SYSTEM, "INVITE")
    return _relayed()


def _answer(login: Login) -> bool:
    """Not by the engine, which answers the first challenge alone, and only one for MD5."""
    code = ksr.number("$T_reply_code")
    challenge = answerable(trunk_port.challenges_of_reply(code), login)
    if challenge is None:
        return False
    ksr.append_header(digests.answer(code, challenge, login, ("INVITE", ksr.target_uri())))
    return True


def _refused_realm(way: Way) -> dict[str, Any]:
    told = {"trunk_id": way.trunk_id, "address": way.address, "state": "up", "latency_ms": None}
    return {**told, "detail": "a challenge for another realm was not answered"}


def _went_silent(worker: Worker) -> None:
    """Nothing at all came back: the next calls take another way until the keep-alive hears of it again."""
    for way in decode_ways(ksr.dialog_var("way")):
        index = worker.view.current()
        trunk = index.trunks.by_id.get(way.trunk_id) if index else None
        if trunk and trunk.keepalive and peer_of(way, trunk):
            trunk_port.set_trunk_state(way.trunk_id, way.address, "down")
            told = {"trunk_id": way.trunk_id, "address": way.address, "state": "down"}
            worker.report(Kind.TRUNK_CHANGED, {**told, "latency_ms": None, "detail": "a call was not answered"})


def _is_down(trunk_id: int, address: str) -> bool:
    return bool(address) and trunk_port.trunk_state(trunk_id, address).startswith("down")
