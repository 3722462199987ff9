"""All gates on one screen, in the order they are asked.

A gate can only object; `route` alone allows; nobody answering means no.
"""

from collections.abc import Callable
from typing import Final

from ringfence.policy.book import FindSubscriber
from ringfence.policy.index import Index
from ringfence.policy.model import Objection, Packet, Refuse, Request, Verdict
from ringfence.policy.outgoing.outside import FindExchange, emergency_call, no_exchange
from ringfence.policy.routing import route
from ringfence.policy.rules import identity, method, packet, registration, source, websocket

PacketGate = Callable[[Packet], Refuse | None]
UpgradeGate = Callable[[websocket.Upgrade], Refuse | None]
Gate = Callable[[Request, Index], Objection | None]

PACKET_GATES: Final[tuple[PacketGate, ...]] = (
    packet.size,
    packet.singular,
    packet.framing,
    packet.credentials,
    packet.uri_length,
    packet.call_id_length,
    packet.hops,
)

GREETING_GATES: Final[tuple[Gate, ...]] = (
    source.user_agent,
    identity.domain,
)
"""For a keep-alive OPTIONS to the system itself, which names no account."""

GATES: Final[tuple[Gate, ...]] = (
    source.user_agent,
    method.notify,
    method.served,
    identity.domain,
    identity.encrypted,
    identity.authenticated,
    identity.digest_uri,
    identity.active,
    identity.tenant,
    identity.certificate,
    identity.sender,
)

EMERGENCY_GATES: Final[tuple[Gate, ...]] = (
    identity.domain,
    identity.authenticated,
    identity.digest_uri,
)
"""For an emergency call: who calls must be proved, and nothing else is asked; a suspended extension may call too."""

REGISTRATION_GATES: Final[tuple[Gate, ...]] = (
    registration.account,
    registration.star,
    registration.contacts,
    registration.expires,
)

UPGRADE_GATES: Final[tuple[UpgradeGate, ...]] = (
    websocket.handshake,
    websocket.origin,
    websocket.subprotocol,
)
"""For the HTTP request that opens a WebSocket."""

_GATES_OF_REGISTER: Final = (*GATES, *REGISTRATION_GATES)


def screen(facts: Packet) -> Refuse | None:
    """The first objection to the packet itself."""
    for gate in PACKET_GATES:
        objection = gate(facts)
        if objection is not None:
            return objection
    return None


def admit_upgrade(facts: websocket.Upgrade) -> Refuse | None:
    """The first objection to a WebSocket."""
    for gate in UPGRADE_GATES:
        objection = gate(facts)
        if objection is not None:
            return objection
    return None


def gates_for(request: Request) -> tuple[Gate, ...]:
    """The gates this request must pass."""
    if request.method == "OPTIONS" and not request.target_user:
        return GREETING_GATES
    return _GATES_OF_REGISTER if request.method == "REGISTER" else GATES


def decide(request: Request, index: Index, find: FindSubscriber, exchange_of: FindExchange = no_exchange) -> Verdict:
    """The verdict on a request outside a dialog."""
    gates = EMERGENCY_GATES if _is_emergency(request, index, exchange_of) else gates_for(request)
    for gate in gates:
        objection = gate(request, index)
        if objection is not None:
            return objection
    return route(request, index, find, exchange_of)


def _is_emergency(request: Request, index: Index, exchange_of: FindExchange) -> bool:
    if request.method != "INVITE" or request.caller is None:
        return False
    exchange = exchange_of(request.caller.tenant_id)
    return emergency_call(request.caller, request.target_user, index, exchange) is not None
