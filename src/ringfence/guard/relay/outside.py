"""The sides of a call that browsers outside have: their ICE and DTLS end at the SBC's relay, so only that can say
whether their keys were proved. The core's relay knows the keys on the link alone.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringfence.guard.live.calls import LiveCall
from ringfence.guard.relay.media import Relay
from ringfence.policy.people.browsers import TRANSPORTS
from ringfence.policy.relay.media import Form, Leg
from ringfence.policy.relay.relayed import described, flows, suite

SIDES: Final = (("caller_rtp", "caller", "from_tag"), ("called_rtp", "callee", "to_tag"))
_CLIENT: Final = ";client="


@dataclass(frozen=True, slots=True)
class Side:
    """One of them: how records call it, its SIP tag, and what the SBC's relay calls the call (see `sbc.cfg.j2`)."""

    name: str
    tag: str
    relayed_as: str
    speaks: str


def sides_outside(call: LiveCall) -> tuple[Side, ...]:
    """Those of browsers. None while the core has not told where the parties are."""
    return tuple(side for side in relayed_outside(call) if side.speaks in TRANSPORTS)


def relayed_outside(call: LiveCall) -> tuple[Side, ...]:
    """Every side whose media passes the SBC's relay too."""
    if call.dialog_told is None:
        return ()
    dialog, variables = call.dialog_told
    digest = hashlib.md5(str(call.started.get("sip_call_id")).encode(), usedforsecurity=False).hexdigest()
    found = []
    for name, party, tag in SIDES:
        place, _, speaks = str(variables.get(party) or "").partition(_CLIENT)[2].partition("/")
        if place:
            found.append(Side(name, str(dialog.get(tag) or ""), f"{digest}-{place}", speaks))
    return tuple(found)


def forgotten_outside(calls: Iterable[tuple[str, LiveCall]], outer: Relay) -> list[str]:
    """The calls of which the SBC's relay carries a side no more, because it was started anew: nobody hears anything.

    A client may have moved since the core told of it. Its side then has another name, so the relay is asked for all.
    """
    names = {call_id: [side.relayed_as for side in relayed_outside(call)] for call_id, call in calls}
    gone = set(outer.forgotten(name for sides in names.values() for name in sides))
    doubtful = {call_id: sides for call_id, sides in names.items() if gone.intersection(sides)}
    if not doubtful or (carried := outer.names()) is None:
        return []
    begins = Counter(name.partition("-")[0] for name in carried)
    return [call_id for call_id, sides in doubtful.items() if begins[sides[0].partition("-")[0]] < len(sides)]


def take_outside(call: LiveCall, sides: Iterable[Side], reports: Mapping[str, Mapping[str, Any]]) -> None:
    """What the SBC's relay said of them; where it said nothing, what the core's relay knows stands."""
    for side in sides:
        if side.relayed_as in reports:
            known = {flow.port: flow for flow in (*call.outer_flows, *flows(reports[side.relayed_as]))}
            call.outer_flows = tuple(known.values())
            call.outside[side.name] = described(Leg(Form.DTLS), suite(reports[side.relayed_as], side.tag))
    call.encrypted.update(call.outside)
