"""The sides of a call that browsers outside have: their ICE and DTLS end at the SBC's relay, so only that can say
whether their keys were proved. The core's relay knows the keys on the link alone.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringfence.guard.calls import LiveCall
from ringfence.policy.browsers import TRANSPORTS
from ringfence.policy.media import Form, Leg
from ringfence.policy.relayed import described, flows, suite

SIDES: Final = (("caller_rtp", "caller", "from_tag"), ("called_rtp", "callee", "to_tag"))
_CLIENT: Final = ";client="


@dataclass(frozen=True, slots=True)
class Side:
    """One of them: how records call it, its SIP tag, and what the SBC's relay calls the call (see `sbc.cfg.j2`)."""

    name: str
    tag: str
    relayed_as: str


def sides_outside(call: LiveCall) -> tuple[Side, ...]:
    """None while the core has not told where the parties are."""
    if call.dialog_told is None:
        return ()
    dialog, variables = call.dialog_told
    digest = hashlib.md5(str(call.started.get("sip_call_id")).encode(), usedforsecurity=False).hexdigest()
    found = []
    for name, party, tag in SIDES:
        place, _, speaks = str(variables.get(party) or "").partition(_CLIENT)[2].partition("/")
        if speaks in TRANSPORTS:
            found.append(Side(name, str(dialog.get(tag) or ""), f"{digest}-{place}"))
    return tuple(found)


def take_outside(call: LiveCall, sides: Iterable[Side], reports: Mapping[str, Mapping[str, Any]]) -> None:
    """What the SBC's relay said of them; where it said nothing, what the core's relay knows stands."""
    for side in sides:
        if side.relayed_as in reports:
            known = {flow.port: flow for flow in (*call.outer_flows, *flows(reports[side.relayed_as]))}
            call.outer_flows = tuple(known.values())
            call.outside[side.name] = described(Leg(Form.DTLS), suite(reports[side.relayed_as], side.tag))
    call.encrypted.update(call.outside)
