"""Calls that come in over trunks: whose number was called, who may not call it, and where it leads.

Reference: "Trunk Security". Nothing here leads outside: no call crosses from one trunk to another by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ringfence.policy.book import FindSubscriber, Subscriber
from ringfence.policy.calls.answering import Callers, answering
from ringfence.policy.calls.destinations import Destination, DestinationKind, parse_destination
from ringfence.policy.calls.forwarding import Attempt, Judge, follow
from ringfence.policy.calls.services import Service
from ringfence.policy.index import Index
from ringfence.policy.model import PlayService, Refuse, Verdict
from ringfence.policy.trunking.outsiders import NOWHERE, outsider
from ringfence.policy.trunking.trunks import Trunk

Lookup = Callable[[str], bytes | None]

ANONYMOUS: Final = "anonymous"
SHORTEST_PREFIX: Final = 2
LONGEST_NUMBER: Final = 18


@dataclass(frozen=True, slots=True)
class Did:
    """A number of ours: the trunk it is reached over, the tenant that has it, where it leads."""

    number: str
    trunk_id: int
    tenant_id: int
    domain: str
    destination: Destination


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call from outside. `trunks` are those it may have come over, `called` the numbers it may mean, best first."""

    trunks: tuple[Trunk, ...]
    called: tuple[str, ...]
    caller: str
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a call from outside goes: `caller` stands for whoever calls and has no right of its own."""

    trunk: Trunk
    number: str
    caller: Subscriber
    verdict: Verdict


def did_key(number: str) -> str:
    return f"did/{number}"


def blocked_key(tenant_id: int, pattern: str) -> str:
    return f"blocked/{tenant_id}/{pattern}"


def encode_did(did: Did) -> bytes:
    return f"{did.trunk_id} {did.tenant_id} {did.domain} {did.destination}".encode()


def decode_did(number: str, raw: bytes) -> Did:
    """Raises ValueError on a malformed record.

    >>> str(decode_did("+4930", b"1 2 a.example extension:101").destination)
    'extension:101'
    """
    trunk_id, tenant_id, domain, destination = raw.decode().split(" ", 3)
    return Did(number, int(trunk_id), int(tenant_id), domain, parse_destination(destination))


def place(arrival: Arrival, lookup: Lookup, index: Index, find: FindSubscriber, judge: Judge) -> Placed | Refuse:
    """The verdict on a call from outside. Two tenants at one carrier are told apart by the number called (case 106)."""
    found = _called(arrival, lookup)
    if found is None:
        return Refuse("inbound.number", 404, "Not Found")
    trunk, did = found
    number = ANONYMOUS if arrival.withheld else trunk.canonical(arrival.caller) or ANONYMOUS
    shown = "Anonymous" if number == ANONYMOUS else number
    caller = outsider(number, did.tenant_id, did.domain, shown)
    if not trunk.serves(did.tenant_id):
        verdict: Verdict = Refuse("inbound.tenant", 404, "Not Found")
    elif blocking_pattern(did.tenant_id, number, lookup):
        verdict = _unwanted(number)
    else:
        verdict = _lead(did, caller, index, find, judge)
    return Placed(trunk, did.number, caller, verdict)


def _called(arrival: Arrival, lookup: Lookup) -> tuple[Trunk, Did] | None:
    for user in arrival.called:
        for trunk in arrival.trunks:
            number = trunk.canonical(user)
            raw = lookup(did_key(number)) if number else None
            did = decode_did(number, raw) if raw else None
            if did and did.trunk_id == trunk.id:
                return trunk, did
    return None


def blocking_pattern(tenant_id: int, number: str, lookup: Lookup) -> str:
    """The whole number or a beginning of it that this tenant blocks, "" for none; a look-up for each digit at most."""
    if lookup(blocked_key(tenant_id, number)):
        return number
    if number == ANONYMOUS:
        return ""
    ends = range(SHORTEST_PREFIX, min(len(number), LONGEST_NUMBER) + 1)
    patterns = (f"{number[:end]}*" for end in ends)
    return next((pattern for pattern in patterns if lookup(blocked_key(tenant_id, pattern))), "")


def _unwanted(number: str) -> Refuse:
    if number == ANONYMOUS:
        return Refuse("inbound.anonymous", 433, "Anonymity Disallowed")  # RFC 5079
    return Refuse("inbound.blocked", 603, "Decline")


def _lead(did: Did, caller: Subscriber, index: Index, find: FindSubscriber, judge: Judge) -> Verdict:
    match did.destination.kind:
        case DestinationKind.EXTENSION | DestinationKind.TIME_CONDITION:
            return follow(Attempt(caller, caller, did.destination.value), judge)
        case DestinationKind.RING_GROUP | DestinationKind.ANNOUNCEMENT:
            found = answering(did.destination.value, did.domain, index, Callers(caller, caller))
            return found or NOWHERE
        case DestinationKind.VOICEMAIL:
            return _voicemail(did, caller, find)
        case DestinationKind.HANG_UP:
            return Refuse("inbound.hang_up", 603, "Decline")


def _voicemail(did: Did, caller: Subscriber, find: FindSubscriber) -> Verdict:
    callee = find(f"{did.destination.value}@{did.domain}")
    if callee is None or not callee.calling.voicemail:
        return NOWHERE
    return PlayService("inbound.voicemail", Service.LEAVE_MESSAGE, callee.aor, caller, caller)
