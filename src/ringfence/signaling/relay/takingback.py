"""A new session description that is refused leaves the call as it was (RFC 3261 section 14.1): the relay, which was
told of it already, is told again what held before. Faxes begin like that: T.38 is refused, and the sound goes on.
"""

import re
from typing import Final

from ringfence.policy.relay.media import decode_leg
from ringfence.signaling import facts
from ringfence.signaling.ports import ksr, media_port
from ringfence.signaling.relay import media

SIDES: Final = {media.CALLER: "caller", media.CALLEE: "callee"}
SAID: Final = {media.CALLER: "said_caller", media.CALLEE: "said_callee"}
"""What each side said last that was accepted, as it came."""
LONGEST: Final = 4_096
_AT: Final = re.compile(r"(?m)^c=IN IP[46] [^\s/]+")


def note_answer(code: int) -> None:
    """From a reply to the first INVITE."""
    if 200 <= code < 300:
        _remember(media.CALLER, media.CALLEE)


def note_reply(code: int, asker: str, other: str) -> None:
    """From a reply within a call, to who asked."""
    if code < 200 or ksr.text("$rm") not in media.OFFERING:
        return
    if code < 300:
        _remember(asker, other)
    elif not ksr.dialog_var("taking"):  # a handover that fails puts back more than this
        _take_back(asker, other)


def _remember(asker: str, other: str) -> None:
    """What one side says in an ACK is not kept."""
    late = ksr.dialog_var(media.LATE)
    said = {other: ksr.body() if ksr.has_sdp() else "", asker: "" if late else ksr.text("$T_req($rb)")}
    for side, text in said.items():
        if text or late:
            ksr.set_dialog_var(SAID[side], text if len(text) <= LONGEST else "")


def _take_back(asker: str, other: str) -> None:
    said = ksr.dialog_var(SAID[asker])
    if not said or not ksr.text("$T_req($rb)"):
        return
    media_port.describe(_placed(said, asker))
    media.offer_again(asker, other, ksr.dialog_var(SIDES[other]))
    media_port.say_nothing()


def _placed(said: str, side: str) -> str:
    """A phone is heard from where its signalling comes from; the SBC, browsers and the voice process name the place."""
    place = ksr.dialog_var(SIDES[side])
    address = facts.party_address(place)
    if decode_leg(ksr.dialog_var(side)).browser or ksr.CLIENT_PARAMETER in place or address == facts.LOOPBACK:
        return said
    return _AT.sub(f"c=IN {'IP6' if ':' in address else 'IP4'} {address}", said)
