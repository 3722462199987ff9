"""The two sides of a call, and what the outside may see of it."""

import re
from typing import Any, Final

from ringfence.signaling import facts
from ringfence.signaling.calling import claims
from ringfence.signaling.calling.lines import CAME_BY
from ringfence.signaling.ports import encoding_port, ksr, trunk_port

PASSES: Final = frozenset({
    "via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "contact", "m", "max-forwards", "record-route",
    "route", "expires", "content-type", "c", "content-length", "l", "content-encoding", "e",
    "content-disposition", "mime-version", "allow", "accept", "accept-encoding", "supported", "k", "require",
    "proxy-require", "unsupported", "session-expires", "x", "min-se", "rack", "rseq", "recv-info",
    "info-package", "event", "o", "subscription-state",
})  # fmt: skip
"""What a message to a provider is made of. Phones say what they are, and where, in headers of their own devising
(X-Serialnumber, Session-ID, the text of a Reason), so nothing else passes.
"""
OF_EMERGENCIES: Final = frozenset({"geolocation", "geolocation-routing"})
"""Where somebody is who calls for help (RFC 6442)."""
_NAMES: Final = re.compile(r"[\r\n]([^\s:]+)[ \t]*:")

TRIED: Final = "tried"
"""The dialog variable with the trunks that the call was sent over, the first one first."""

AS_SENT_BY_US: Final = "dch"
OURS: Final = ("X-Ringfence-Client", claims.HIDDEN)
"""What the SBC says of its clients is for us alone."""


def keep_what_passes() -> None:
    """Takes from a message to a provider what a phone says of itself. What is added here is added anyway."""
    named = _NAMES.findall(encoding_port.whole_message().partition("\r\n\r\n")[0])
    passes = PASSES | OF_EMERGENCIES if ksr.dialog_var("emergency") else PASSES
    ksr.remove_named({name for name in named if name.lower() not in passes and name.upper() != claims.HIDDEN})


def asking_side() -> str:
    """Whose offer the reply at hand answers."""
    tag = ksr.text("$dlg(from_tag)")
    return "caller" if not tag or ksr.text("$ft") == tag else "callee"


def outer_sides() -> tuple[str, ...]:
    """Which sides of this dialog are outside: none of an internal call, both of one that came in and went out again."""
    sides = []
    if ksr.dialog_var(CAME_BY):
        sides.append("caller")
    if ksr.dialog_var("direction") == "outbound":
        sides.append("callee")
    return tuple(sides)


def note_outside(party: str) -> None:
    """The core may have been restarted since the call began: what is outside is noted with each request of it."""
    if party:
        trunk_port.note_outside(facts.party_address(party))


def name_call_as_outside() -> None:
    """For a reply to whom we called outside: it asked by the Call-ID that it was shown. The engine hides that of a
    reply only if it hid something of the request as well, and of one that came in from there it did not: our mark says
    so.
    """
    if asking_side() == "callee" and "callee" in outer_sides():
        ksr.remove_named((claims.HIDDEN,))
        ksr.append_header(f"{claims.HIDDEN}: {AS_SENT_BY_US}")


def dress_for_outside(outside: str) -> None:
    """A request to a provider within a call: the parties as its INVITE named them, its own route, nothing of ours."""
    keep_what_passes()
    if ksr.method() == "NOTIFY":
        ksr.remove_body()  # how a transfer goes on, in the words of a phone
    ours, theirs = _parties_as_shown(outside)
    if ours and theirs:
        trunk_port.show_parties(ours, theirs)
    if route := ksr.text("$dlg(to_rs)" if outside == "callee" else "$dlg(from_rs)"):
        ksr.append_header(f"Route: {route}")


def _parties_as_shown(outside: str) -> tuple[str, str]:
    """How this side knows us and itself: a caller by its own INVITE, which a phone was shown otherwise."""
    if outside == "caller":
        return ksr.text("$dlg(to_uri)"), ksr.text("$dlg(from_uri)")
    return ksr.dialog_var("shown"), ksr.dialog_var("called")


def dress_reply() -> None:
    """A reply of a call with the outside, whose requests are shown otherwise than they came: the parties as who asks
    named them (RFC 3261 section 8.2.6.2), and nothing that a phone says of itself to a provider.
    """
    outer = outer_sides()
    if not outer:
        ksr.remove_named(OURS)
        _name_caller_as_asked()
        return
    if asking_side() in outer:
        claims.strip()
        keep_what_passes()
    asked_from, asked_to, tag = ksr.asked("From"), ksr.asked("To"), ksr.text("$tt")
    if not asked_from or not asked_to:
        return
    if tag and not ksr.text("$T_req($tt)"):
        asked_to = f"{asked_to};tag={tag}"
    ksr.remove_named(("From", "To"))
    ksr.append_header(f"From: {asked_from}")
    ksr.append_header(f"To: {asked_to}")


def _name_caller_as_asked() -> None:
    """A phone inside is shown the caller's name as we know it; the caller reads in the answer what it wrote itself."""
    asked = ksr.asked("From")
    if asked and asked != ksr.text("$hdr(From)"):
        ksr.remove_named(("From",))
        ksr.append_header(f"From: {asked}")


def outside_fields() -> dict[str, Any]:
    """How a call came in or went out; nothing of an internal one."""
    direction = ksr.dialog_var("direction")
    if not direction:
        return {}
    names = ("number", "outbound_rule")
    told = {name: value for name in names if (value := ksr.dialog_var(name))}
    return {"direction": direction, "trunk": int(ksr.dialog_var("trunk") or 0), "trunks": trunks_tried(), **told}


def trunks_tried() -> list[int]:
    return [int(one) for one in ksr.dialog_var(TRIED).split()]
