"""The core hangs up: its BYEs reach both parties where they really are, and go nowhere else (docs/adr/0055).

The dialog module sends each BYE to the Contact that the party wrote, or along the Record-Route it showed, and leaves
out the second one if the answer to the first has come by then. Its BYEs are dropped, and both parties get one of ours.
"""

import re
from typing import Final, NamedTuple

from ringfence.policy.trunking.next_hop import same_address
from ringfence.signaling import facts
from ringfence.signaling.calling import sides
from ringfence.signaling.ports import hangup_port, ksr

SKIPPED: Final = 100
"""By how much our BYE exceeds the CSeq of the party it speaks for: requests before the answer are not counted. No BYE
of the dialog module's does so.
"""

ANY_SOCKET: Final = "."
UNNAMED: Final = "sip:call@anonymous.invalid"
"""In the place of a URI that is none: the tags say which call it is, and nobody shall evade the end of a call."""

_URI: Final = re.compile(r"sips?:[!-;=?-~]+")
_BREAK: Final = re.compile(r"[\x00-\x08\x0a-\x1f]")


class Side(NamedTuple):
    """One side of the dialog, by its names there, and the other one."""

    party: str
    name: str
    other: str


SIDES: Final = (Side("caller", "from", "to"), Side("callee", "to", "from"))


def begins() -> None:
    """Sends our BYE to each party. Only once in a call."""
    outside = sides.outer_sides()
    for side in SIDES:
        party = ksr.dialog_var(side.party)
        if side.party in outside:
            sides.note_outside(party)
        if party:
            _send(side, party, side.party in outside)


def is_ours() -> bool:
    """Whether the BYE at hand, which the core itself sends, is one of these and goes to the party that it names."""
    asked = SIDES[0] if ksr.text("$tt") == hangup_port.told("from_tag") else SIDES[1]
    if ksr.sequence_number() != _number(asked):
        return False
    address, port = hangup_port.destination()
    party = ksr.dialog_var(asked.party).partition(ksr.CLIENT_PARAMETER)[0]
    return same_address(address, facts.party_address(party)) and port == _port(party)


def _send(side: Side, party: str, is_outside: bool) -> None:
    written = hangup_port.told(f"{side.name}_contact")
    headers = _headers(side, is_outside)
    if not headers:
        return
    socket = hangup_port.told(f"{side.name}_bindaddr") if party.endswith(";transport=udp") else ANY_SOCKET
    target = party.partition(ksr.CLIENT_PARAMETER)[0]
    if not (written.startswith("sip:") and hangup_port.send(written, party, socket or ANY_SOCKET, headers)):
        hangup_port.send(target, party, ANY_SOCKET, headers)


def _headers(side: Side, is_outside: bool) -> str:
    """What makes a request one of this dialog (RFC 3261 section 12.2.1.1), as if the other party had sent it."""
    here, there = side.other, side.name
    sender, receiver = _parties(side, is_outside)
    lines = [
        f"From: <{sender}>;tag={hangup_port.told(f'{here}_tag')}",
        f"To: <{receiver}>;tag={hangup_port.told(f'{there}_tag')}",
        f"Call-ID: {hangup_port.told('callid')}",
        f"CSeq: {_number(side)} BYE",
        "Max-Forwards: 70",
    ]
    if is_outside and (route := hangup_port.told(f"{there}_rs")):
        lines.append(f"Route: {route}")
    return "" if any(map(_BREAK.search, lines)) else "".join(f"{line}\r\n" for line in lines)


def _parties(side: Side, is_outside: bool) -> tuple[str, str]:
    """The URIs in From and To; a provider that we called knows them by the names its INVITE had."""
    shown, called = ksr.dialog_var("shown"), ksr.dialog_var("called")
    if is_outside and side.party == "callee" and shown and called:
        return shown, called
    return uri_of(side.other), uri_of(side.name)


def uri_of(name: str) -> str:
    """The URI of a side of the dialog at hand, `from` or `to`."""
    found = hangup_port.told(f"{name}_uri")
    return found if _URI.fullmatch(found) else UNNAMED


def _number(side: Side) -> int:
    return ksr.number(f"$dlg({side.other}_cseq)") + SKIPPED


def _port(party: str) -> int:
    found = party.rpartition(":")[2].partition(";")[0]
    return int(found) if found.isdecimal() else 0
