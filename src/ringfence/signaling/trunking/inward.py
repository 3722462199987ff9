"""Takes calls that come in over trunks, and tells them from strangers (reference: "IP-Based Authentication")."""

from typing import Final

from ringfence.policy.index import Index
from ringfence.policy.model import CallOutside, PlayService, Refuse, Request, RingExtension, RingList
from ringfence.policy.routing import judge_with
from ringfence.policy.rules import identity, source
from ringfence.policy.trunking.inbound import Arrival, Placed, did_key, place
from ringfence.policy.trunking.trunks import CallerIn, Trunk
from ringfence.signaling import act, facts, silence
from ringfence.signaling.calling import calls, lines, ringing
from ringfence.signaling.features import services
from ringfence.signaling.ports import ksr, trunk_port
from ringfence.signaling.registration import gateways
from ringfence.signaling.registration.authentication import Identity
from ringfence.signaling.relay import media
from ringfence.signaling.trunking import links, outward
from ringfence.signaling.worker import Worker

INBOUND: Final = "inbound"
STRANGER: Final = Refuse("trunk.stranger", 403, "Forbidden")
UNREGISTERED: Final = Refuse("trunk.not_registered", 403, "Forbidden")


def arrives(index: Index, worker: Worker) -> bool:
    """Whether this INVITE comes from a trunk's address or pretends to; then it is answered here.

    A phone behind the same address names its own domain in From and goes the general way, and so does a gateway that
    registers here: both are asked for their password.
    """
    trunks, named = index.trunks, ksr.from_host().lower()
    if not trunks.by_id or named in index.tenants or named in trunks.realms:
        return False
    if not trunks.at(ksr.source()):
        return not gateway_asked(index) and _pretends(worker)
    if silence.is_kept(worker):
        return True
    found = trunks.from_there(ksr.source(), ksr.source_port(), ksr.transport(), links.heard_on())
    if not found:
        act.refuse(worker, STRANGER.rule, STRANGER.code, STRANGER.reason)
        return True
    _take(found, index, worker)
    return True


def _pretends(worker: Worker) -> bool:
    """A stranger who calls one of our numbers as if it were a provider (attack case 105)."""
    user = ksr.target_user()
    number = user if user.startswith("+") else f"+{user.removeprefix('00')}"
    if ksr.claimed_user() or not worker.view.lookup(did_key(number)):
        return False
    act.refuse(worker, STRANGER.rule, STRANGER.code, STRANGER.reason)
    return True


def gateway_asked(index: Index) -> str:
    """The domain of the gateway that sent this INVITE, where it names us by one of our addresses, as most do; "" if it
    came from where none is registered, or from a phone that is registered beside it.

    Its password belongs to that domain, and not to the tenant that phones mean by such an address.
    """
    trunks, source = index.trunks, ksr.source()
    if not trunks.by_account or not index.is_address(facts.target_host()):
        return ""
    if ksr.from_host().lower() in index.tenants:
        return ""
    if source in trunk_port.registered_at(f"{ksr.from_user()}@{index.book.default_domain}"):
        return ""
    gateway = gateways.registered_from(source, index)
    return gateway.domain if gateway else ""


def keeps_alive(index: Index) -> bool:
    """Whether this OPTIONS is a provider's, to the contact that we registered there: it means the system itself."""
    heard = ksr.source(), ksr.source_port(), ksr.transport(), links.heard_on()
    user = ksr.target_user()
    return any(trunk.login is not None and trunk.login.username == user for trunk in index.trunks.from_there(*heard))


def from_gateway(proved: Identity, request: Request, index: Index, worker: Worker) -> bool:
    """Whether this INVITE is a gateway's, by the password it proved. It may call only while it is registered."""
    caller = proved.caller
    trunk = index.trunks.by_account.get(caller.aor) if caller else None
    if trunk is None or caller is None:
        return False
    objection = source.user_agent(request, index) or identity.digest_uri(request, index)
    refusal = objection or (None if trunk.enabled else UNREGISTERED)
    if refusal is None and ksr.source() not in trunk_port.registered_at(caller.aor):
        refusal = UNREGISTERED
    if refusal is not None:
        act.carry_out(refusal, request, worker)
        return True
    _take((trunk,), index, worker)
    return True


def _take(found: tuple[Trunk, ...], index: Index, worker: Worker) -> None:
    trunk_port.note_outside(ksr.source())
    media.prepare_offer(found[0].terms, maybe_outside=True)
    ksr.new_transaction()
    find, withheld = worker.view.subscriber, "id" in ksr.text("$hdr(Privacy)").lower()
    caller = _asserted(found[0]) or ksr.from_user()
    arrival = Arrival(found, _called(found), caller, withheld or ksr.from_user().lower() == "anonymous")
    judge = judge_with(index, find, worker.plans.exchange)
    placed = place(arrival, worker.view.lookup, index, find, judge)
    if isinstance(placed, Refuse):
        act.refuse(worker, placed.rule, placed.code, placed.reason)
    else:
        _carry(placed, worker)


def _asserted(trunk: Trunk) -> str:
    """Who calls, where the provider says that apart from From."""
    names = ["P-Asserted-Identity", *(["Remote-Party-ID"] if trunk.caller_in is CallerIn.REMOTE_PARTY_ID else [])]
    return next(filter(None, (ksr.text(f"$(hdr({name}){{nameaddr.uri}}{{uri.user}})") for name in names)), "")


def _called(found: tuple[Trunk, ...]) -> tuple[str, ...]:
    """What the Request-URI names; or To, when that is only the contact we registered with (RFC 3261 section 10)."""
    contacts = {trunk.login.username for trunk in found if trunk.login}
    user = facts.target_user()
    return (ksr.to_user(), user) if user in contacts else (user,)


def _carry(placed: Placed, worker: Worker) -> None:
    verdict = ringing.reachable(placed.verdict, worker)
    match verdict:
        case RingExtension() | RingList():
            calls.ring(verdict, placed.number, worker, _arrived(placed))
        case PlayService():
            services.play(verdict, placed.number, worker, _arrived(placed))
        case CallOutside():
            outward.call_outside(verdict, placed.number, outward.Source(placed.caller, _arrived(placed)), worker)
        case Refuse():
            _refuse(verdict, placed, worker)
        case _:
            _refuse(Refuse("inbound.nowhere", 480, "Temporarily Unavailable"), placed, worker)


def _refuse(refusal: Refuse, placed: Placed, worker: Worker) -> None:
    calls.journal_refused_call(worker, refusal, placed.caller, placed.number, direction=INBOUND)
    act.refuse(worker, refusal.rule, refusal.code, refusal.reason)


def _arrived(placed: Placed) -> calls.Arrived:
    trunk, tenant_id = placed.trunk, placed.caller.tenant_id
    told = {
        "direction": INBOUND,
        "number": placed.number,
        "trunk": str(trunk.id),
        lines.CAME_BY: str(trunk.id),
    }
    return calls.Arrived(told, lines.extent_of(trunk, tenant_id), trunk.terms)
