"""The ways a call may take to the outside, one after the other: each address of each trunk that may carry it."""

from collections.abc import Callable
from typing import Final, NamedTuple

from ringfence.policy.model import CallOutside, Refuse
from ringfence.policy.trunking.trunks import Peer, Trunk, TrunkIndex, TrunkKind

IsDown = Callable[[int, str], bool]
BETWEEN: Final = "|"
APART: Final = ";"
MOST_WAYS: Final = 16
NO_WAY: Final = Refuse("trunk.none", 480, "No Trunk Available")
"""No trunk of the routes may be used, or none answers."""


class Way(NamedTuple):
    """One address of one trunk; of a gateway, which is reached where it registered from, the name of its registration,
    and "" while that is not known.
    """

    trunk_id: int
    address: str
    number: str
    caller_number: str


def ways(verdict: CallOutside, trunks: TrunkIndex, is_down: IsDown) -> tuple[Way, ...]:
    """In the order of the routes; addresses that do not answer are left out, of an emergency call they are the last."""
    found = _all(verdict, trunks)
    alive = [way for way in found if not is_down(way.trunk_id, way.address)]
    last = [way for way in found if way not in alive] if verdict.emergency else []
    return tuple((alive + last)[:MOST_WAYS])


def _all(verdict: CallOutside, trunks: TrunkIndex) -> list[Way]:
    found = []
    for route in verdict.routes:
        trunk = trunks.by_id.get(route.trunk_id)
        if trunk and trunk.serves(verdict.payer.tenant_id) and _is_plain(route.number):
            caller = trunk.shown_number(route.caller_number)
            found += [Way(trunk.id, address, route.number, caller) for address in addresses_of(trunk)]
    return found


def addresses_of(trunk: Trunk) -> list[str]:
    """Where it is reached; "" where it registered from."""
    return [""] if trunk.kind is TrunkKind.ACCEPT_REGISTER else [peer.hostport for peer in trunk.peers]


def _is_plain(number: str) -> bool:
    """Only what can be dialled goes into a Request-URI."""
    return bool(number) and set("0123456789*#").issuperset(number.removeprefix("+"))


def peer_of(way: Way, trunk: Trunk) -> Peer | None:
    return next((peer for peer in trunk.peers if peer.hostport == way.address), None)


def encode_ways(found: tuple[Way, ...]) -> str:
    return APART.join(BETWEEN.join((str(way.trunk_id), *way[1:])) for way in found)


def decode_ways(text: str) -> tuple[Way, ...]:
    """Raises ValueError on anything that `encode_ways` did not write.

    >>> decode_ways(encode_ways((Way(7, "192.0.2.1:5060", "+4930", ""),)))
    (Way(trunk_id=7, address='192.0.2.1:5060', number='+4930', caller_number=''),)
    """
    parts = [part.split(BETWEEN) for part in text.split(APART) if part]
    return tuple(Way(int(number), address, called, caller) for number, address, called, caller in parts)


def goes_on(code: int, *, heard: bool, emergency: bool = False) -> bool:
    """Whether a final answer is one to try the next way for: the trunk failed, not the called side. An emergency call
    takes no for an answer from no trunk: not every provider knows the number, and one may have barred its customer.

    >>> goes_on(503, heard=True), goes_on(408, heard=False), goes_on(486, heard=True), goes_on(603, heard=True)
    (True, True, False, False)
    """
    if emergency:
        return True
    if code == 408:
        return not heard
    return 500 <= code < 600 or code in (401, 407)
