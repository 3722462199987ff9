"""Carries a call out over trunks: one way after the other until one takes it, and nothing of the inside goes along.

Which ways are left stands in the dialog, so any worker can take the next one.
"""

import time
from typing import Any, Final

from ringfence.policy.encryption import Terms
from ringfence.policy.events import Kind
from ringfence.policy.limits import CallFacts, Extent
from ringfence.policy.media import encode_leg
from ringfence.policy.model import CallOutside, Refuse
from ringfence.policy.trunks import Trunk
from ringfence.policy.ways import Way, decode_ways, encode_ways, goes_on, peer_of, ways
from ringfence.signaling import calls, facts, ksr, limits, media, sides, trunk_port
from ringfence.signaling.worker import Worker

NO_WAY: Final = Refuse("trunk.none", 503, "Service Unavailable")
PRIVATE: Final = "private"
ANSWERED: Final = "answered_challenge"
OF_TRUNK: Final = "limits.trunk"


def call_outside(verdict: CallOutside, dialled: str, worker: Worker, terms: Terms) -> None:
    """Sends an INVITE to the outside over the first way that has a line free. `terms` are the caller's."""
    leg = media.leg_of_caller(terms)
    if isinstance(leg, Refuse):
        calls.refuse(worker, leg, calls.caller_fields(verdict.payer, verdict.number, dialled))
        return
    index = worker.view.current()
    found = ways(verdict, index.trunks, _is_down) if index else ()
    private = "id" in ksr.text("$hdr(Privacy)").lower()
    ksr.forget_credentials()
    ksr.remove_headers(calls.CLAIMED_IDENTITY)
    ksr.remove_headers(sides.OF_PHONES)
    payer, tenant = verdict.payer, worker.tenant(verdict.payer.domain)
    told = _told(verdict, dialled, worker.new_call_id())
    found, objection = _admitted(found, CallFacts(tenant, payer, None, None, verdict.emergency, True), worker)
    if objection is not None:
        calls.journal_refused_call(worker, objection, payer, dialled)
        worker.refused(objection.rule)
        limits.refuse(objection)
        return
    calls.end_in_time(tenant)
    more = {"ways": encode_ways(found), "privacy": PRIVATE if private else "", media.CALLER: encode_leg(leg)}
    _track(told, more)
    limits.attach(worker)
    fields = {**calls.caller_fields(payer, verdict.number, dialled), "trunk": found[0].trunk_id}
    started = {name: told[name] for name in ("payer", "number", "outbound_rule", "direction")}
    worker.journal.append(Kind.CALL_STARTED, {"call_id": told["id"], "rule": verdict.rule, **fields, **started})
    ksr.record_route()
    if not _send(worker):
        ksr.reply(NO_WAY.code, NO_WAY.reason)


def _admitted(found: tuple[Way, ...], call: CallFacts, worker: Worker) -> tuple[tuple[Way, ...], Refuse | None]:
    """The ways from the first one whose trunk has a line free, or the last objection."""
    index, objection = worker.view.current(), NO_WAY
    for place, way in enumerate(found):
        trunk = index.trunks.by_id.get(way.trunk_id) if index else None
        if trunk is None:
            continue
        refused = limits.admit(call._replace(trunk=_extent(trunk, call.tenant.id)), worker)
        if refused is None:
            return found[place:], None
        objection = refused
        if not refused.rule.startswith(OF_TRUNK):
            break
    return (), objection


def _extent(trunk: Trunk, tenant_id: int) -> Extent:
    return Extent(trunk.id, trunk.max_calls, trunk.share_of(tenant_id))


def _moves(trunk: Trunk, worker: Worker) -> bool:
    """Whether the call may go on over this trunk; its counts move along."""
    if ksr.dialog_var("trunk") in ("", str(trunk.id)):
        return True
    payer = worker.view.subscriber(ksr.dialog_var("payer"))
    if payer is None:
        return False
    tenant, emergency = worker.tenant(payer.domain), bool(ksr.dialog_var("emergency"))
    return limits.readmit(CallFacts(tenant, payer, None, _extent(trunk, tenant.id), emergency, True), worker) is None


def _told(verdict: CallOutside, dialled: str, call_id: str) -> dict[str, str]:
    payer = verdict.payer
    return {
        "id": call_id,
        "caller": facts.party(),
        "from": payer.aor,
        "to": verdict.number,
        "dialled": dialled[:64],
        "tenant": str(payer.tenant_id),
        "user": str(payer.user_id),
        "payer": payer.aor,
        "number": verdict.number,
        "outbound_rule": verdict.outbound_rule,
        "direction": "outbound",
        "emergency": "1" if verdict.emergency else "",
        "started": f"{time.time():.3f}",
    }


def _track(told: dict[str, str], more: dict[str, str]) -> None:
    ksr.track_dialog()
    for name, value in {**told, **more}.items():
        if value:
            ksr.set_dialog_var(name, value)


def _send(worker: Worker) -> bool:
    """The one place where a call goes out over a trunk: takes the first way that Kamailio can send to."""
    index = worker.view.current()
    left = decode_ways(ksr.dialog_var("ways")) if index else ()
    while left and index:
        way, left = left[0], left[1:]
        trunk = index.trunks.by_id.get(way.trunk_id)
        if trunk and trunk.enabled and _moves(trunk, worker) and _aim(way, trunk):
            _note(way, left, trunk)
            if _relayed():
                return True
    return False


def _note(way: Way, left: tuple[Way, ...], trunk: Trunk) -> None:
    values = {
        "ways": encode_ways(left),
        "way": encode_ways((way,)),
        "trunk": str(way.trunk_id),
        ANSWERED: "",
        "callee": "",
    }
    for name, value in values.items():
        ksr.set_dialog_var(name, value)


def _aim(way: Way, trunk: Trunk) -> bool:
    """Makes this way the target of the request."""
    if not way.address:
        if not ksr.find_contacts(trunk.account):
            return False
        trunk_port.note_outside(trunk_port.next_hop_address())
        return trunk_port.set_target_user(way.number)
    peer = peer_of(way, trunk)
    if peer is None:
        return False
    trunk_port.set_target(f"sip:{way.number}@{trunk.domain or way.address}")
    trunk_port.note_outside(peer.address)
    ksr.set_next_hop(f"sip:{way.address};transport={trunk.transport.value}")
    return True


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
    way, private = found[0], ksr.dialog_var("privacy") == PRIVATE
    ours = _shown(way, trunk)
    shown, called = "sip:anonymous@anonymous.invalid" if private else ours, f"sip:{way.number}@{trunk.domain}"
    ksr.set_dialog_var("shown", shown)
    ksr.set_dialog_var("called", called)
    trunk_port.show_parties(shown, called)
    ksr.append_header(f"P-Asserted-Identity: <{ours}>")
    if private:
        ksr.append_header("Privacy: id")
    return media.offer_to_branch(trunk.terms)


def _shown(way: Way, trunk: Trunk) -> str:
    user = way.caller_number or (trunk.login.username if trunk.login else "anonymous")
    return f"sip:{user}@{trunk.domain}"


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
    if goes_on(code, heard=heard) and _send(worker):
        return
    calls.failed(worker, in_dialog=False)


def _answers_challenge(worker: Worker) -> bool:
    """Once for each way, and only for the realm the password belongs to (attack case 114)."""
    index = worker.view.current()
    found = decode_ways(ksr.dialog_var("way"))
    trunk = index.trunks.by_id.get(found[0].trunk_id) if index and found else None
    if trunk is None or trunk.login is None or ksr.dialog_var(ANSWERED):
        return False
    login = trunk.login
    if not (_aim(found[0], trunk) and trunk_port.answer_challenge(login.realm, login.username, login.ha1)):
        worker.report(Kind.TRUNK_CHANGED, _refused_realm(found[0]))
        return False
    ksr.set_dialog_var(ANSWERED, "1")
    return _relayed()


def _refused_realm(way: Way) -> dict[str, Any]:
    told = {"trunk_id": way.trunk_id, "address": way.address, "state": "up", "registration": "", "latency_ms": None}
    return {**told, "detail": "a challenge for another realm was not answered"}


def _went_silent(worker: Worker) -> None:
    """Nothing at all came back: the next calls take another way until the keep-alive hears of it again."""
    for way in decode_ways(ksr.dialog_var("way")):
        index = worker.view.current()
        trunk = index.trunks.by_id.get(way.trunk_id) if index else None
        if way.address and trunk and trunk.keepalive:
            trunk_port.set_trunk_state(way.trunk_id, way.address, "down")
            told = {"trunk_id": way.trunk_id, "address": way.address, "state": "down", "registration": ""}
            worker.report(Kind.TRUNK_CHANGED, {**told, "latency_ms": None, "detail": "a call was not answered"})


def _is_down(trunk_id: int, address: str) -> bool:
    return bool(address) and trunk_port.trunk_state(trunk_id, address).startswith("down")
