"""Puts the media relay between the parties of a call: what `policy.relay.media` decided for each side becomes ng flags.

Nothing that names an address of a party passes without the relay: without it there is no call.
"""

from dataclasses import replace
from typing import Final

from ringfence.policy.calls.handover import HANDING, MEETS, OF
from ringfence.policy.calls.limits import NO_ROOM
from ringfence.policy.model import Refuse
from ringfence.policy.relay.carried import carried_only, nameless
from ringfence.policy.relay.encryption import Terms
from ringfence.policy.relay.media import (
    NOT_AS_OFFERED,
    WARNINGS,
    WEB,
    Form,
    Leg,
    acceptable_part,
    acceptable_suites,
    agreed,
    decode_leg,
    destinations,
    encode_leg,
    leg_of_asker,
    leg_towards,
    lesser_suites,
    may_be_at,
    objection_to_answer,
    streams,
)
from ringfence.policy.relay.relayed import described, quality, suite
from ringfence.policy.trunking.next_hop import transport_towards
from ringfence.signaling import facts
from ringfence.signaling.ports import ksr, media_port
from ringfence.signaling.relay.places import near
from ringfence.signaling.trunking import links

ALWAYS: Final = "replace-origin-full replace-origin replace-SDP-version replace-session-name strict-source SDES-pad"
"""Origin and session name stay those of the first description that a party got, whoever it talks to later, and the
version rises with each change (RFC 3264 section 8). Keys are written as whole Base64: with a padding that is missing,
some phones lose the last byte of one with 256 bits."""
THIS_BRANCH: Final = "via-branch=auto-next"
"""Each device that rings gets an offer of its own, and its answer belongs to that."""

OFFERS: Final = {
    Form.PLAIN: "RTP/AVP SDES-off",
    Form.BOTH: "RTP/AVP OSRTP-offer-RFC DTLS=off",
    Form.SDES: "RTP/SAVP DTLS=off",
    Form.DTLS: "UDP/TLS/RTP/SAVP DTLS=passive SDES-off",
}
TO_BROWSER: Final = "UDP/TLS/RTP/SAVPF ICE=force DTLS=passive SDES-off rtcp-mux-offer generate-mid"
TO_PHONE: Final = "ICE=remove rtcp-mux-demux"
REPORTS: Final = "generate-RTCP"
"""The relay reports to both sides itself, so it knows the quality of phones that report nothing. Not where there is
video: what browsers tell each other about pictures has to pass."""
TO_VOICE: Final = "codec-transcode-PCMA"
"""The voice process speaks G.711; the media relay translates for whoever does not."""

OFFERING: Final = ("INVITE", "UPDATE")
"""The methods by which session descriptions travel; those of all others are taken away."""
VOICE_HOP: Final = facts.VOICE
CALLER, CALLEE = "caller_leg", "callee_leg"
FAILED: Final = "media_failed"
BROKEN: Final = "media_broken"
INSISTS: Final = "insists"
"""The device of a transaction that is asked once more, because it takes nothing but SRTP."""
LATE: Final = "late_offer"
"""The leg of whoever is to offer, in the answer to an INVITE that has no offer."""
EARLY: Final = "early"
"""The tag of the device whose session description came before its answer."""
CARRIED: Final = "carried"
"""Marks the dialog of a call that the relay was told of."""

UNAVAILABLE: Final = Refuse("media.offer", 503, "Media Unavailable")
UNKNOWN_BODY: Final = Refuse("media.body", 415, "Unsupported Media Type")


def prepare_offer(terms: Terms, *, maybe_outside: bool) -> None:
    """Leaves of the offer of a new call what passes, and of its keys the best, by the terms of whoever calls.

    Only before the transaction keeps the message.
    """
    if not ksr.has_sdp():
        return
    body = ksr.body()
    kept = acceptable_part(ksr.transport(), terms, _passing(body, outside=maybe_outside))
    if kept != body:
        media_port.describe(kept)
    if "a=crypto:" in kept and (lesser := lesser_suites(kept)):
        media_port.remove_keys(lesser)


def warn(refusal: Refuse) -> None:
    """Tells a refused phone what is wrong with its offer, and what would be taken (RFC 3261 section 21.4.13)."""
    if refusal.code == UNKNOWN_BODY.code:
        ksr.reply_header("Accept: application/sdp")
    if text := WARNINGS.get(refusal.rule):
        ksr.reply_header(f'Warning: 399 pbx "{text}"')


def keep_carried() -> None:
    """Leaves of a description within a call only what passes; of a request before anything else of it is changed."""
    if not ksr.has_sdp():
        return
    body = ksr.body()
    if (kept := _passing(body, outside=bool(ksr.dialog_var("direction")))) != body:
        media_port.describe(kept)


def leg_of_caller(terms: Terms) -> Leg | Refuse:
    """The leg of whoever sends this INVITE, or why its offer is refused."""
    if ksr.has_body() and not ksr.has_sdp():
        return UNKNOWN_BODY
    if not ksr.has_sdp():
        return _leg_of_answerer(terms)
    leg = leg_of_asker(ksr.transport(), terms, ksr.body())
    if not isinstance(leg, Leg):
        return leg
    return replace(leg, browser=leg.browser and not ksr.over_link(), elsewhere=terms.elsewhere)


def _leg_of_answerer(terms: Terms) -> Leg:
    """Whoever calls without an offer will get one, in the answer: what anybody gets who is called there."""
    leg = leg_towards(ksr.transport(), terms)
    if leg.browser and ksr.over_link():
        return Leg(Form.SDES, strong=terms.strong)
    return replace(leg, elsewhere=terms.elsewhere)


def offer_to_branch(terms: Terms) -> bool:
    """The offer for the device that this branch goes to; False: nothing is sent there."""
    if not ksr.has_sdp():
        ksr.set_dialog_var(LATE, CALLEE)
    next_hop = ksr.text("$du") or ksr.target_uri()
    insists = bool(ksr.noted(INSISTS))
    leg = _leg_through_sbc(next_hop, terms, insists) or leg_towards(transport_towards(next_hop), terms, insists=insists)
    leg = replace(leg, elsewhere=terms.elsewhere)
    more = f"{THIS_BRANCH} {TO_VOICE}" if next_hop == VOICE_HOP else THIS_BRANCH
    if not _offer(leg, next_hop, _leg(CALLER), more):
        ksr.set_dialog_var(FAILED, "1")
        return False
    ksr.set_dialog_var(_branch_variable(), encode_leg(leg))
    return True


def note_full() -> None:
    """A branch of this call is not sent, because what is left in a relay is for others."""
    ksr.set_dialog_var(FAILED, NO_ROOM.rule)


def why_failed(otherwise: Refuse) -> Refuse:
    """What is said of a call of which a branch was not sent because a relay did not take its media."""
    match ksr.dialog_var(FAILED):
        case "":
            return otherwise
        case NO_ROOM.rule:
            return NO_ROOM
        case _:
            return UNAVAILABLE


def legs(from_caller: bool) -> tuple[str, str]:
    """The legs of who asks and who is asked."""
    return (CALLER, CALLEE) if from_caller else (CALLEE, CALLER)


def offer_in_dialog(asker: str, other: str, next_hop: str) -> Refuse | None:
    """A new offer within a call. What was encrypted stays encrypted, with the suite and the key that are in use."""
    if ksr.has_body() and not ksr.has_sdp():
        return UNKNOWN_BODY
    is_invite = ksr.method() == "INVITE"
    if is_invite:
        ksr.set_dialog_var(LATE, "" if ksr.has_sdp() else other)
    if not ksr.has_sdp():
        return None
    if objection := objection_to_answer(_leg(asker), ksr.body()):
        return objection
    receiver = _leg(other)
    return None if _offer(receiver, next_hop, _leg(asker), in_use=_suite_in_use(receiver)) else UNAVAILABLE


def offer_again(asker: str, other: str, next_hop: str) -> None:
    """What the asker said before stands in the reply that refuses what it said now, which comes from somebody else: it
    names its own place.
    """
    tags = f"from-tag={ksr.text('$ft')} to-tag={ksr.text('$tt')}"
    _offer(_leg(other), next_hop, None, tags, _suite_in_use(_leg(other)))


def _suite_in_use(leg: Leg) -> str:
    """What the receiver of this request encrypts with; "" for none. Phones that are offered better ones again take one
    of them in their answer, and some go on with the old one all the same.
    """
    return suite(media_port.media_report(), ksr.text("$tt")) if leg.form is Form.SDES else ""


def relay_answer(code: int) -> None:
    """Replaces the media address in a reply to the caller's INVITE with ours."""
    leg = decode_leg(ksr.dialog_var(_branch_variable()))
    if 100 < code < 300 and ksr.has_sdp():  # an UPDATE may follow before the call is answered
        ksr.set_dialog_var(CALLEE, encode_leg(agreed(leg, ksr.body())))
    elif 200 <= code < 300 and ksr.dialog_var(EARLY) != ksr.text("$tt"):
        ksr.set_dialog_var(CALLEE, encode_leg(leg))
    if ksr.dialog_var(LATE):
        _offer_in_answer(code, leg, CALLER)
    else:
        _answer(code, _leg(CALLER), leg, THIS_BRANCH)


def relay_answer_in_dialog(code: int, asker: str, other: str) -> None:
    """The same for a request within a call, of either side. A 200 to OPTIONS says what a phone could do (RFC 3261
    section 11.2): for the relay that would be another answer, and the sound would end.
    """
    method = ksr.text("$rm")
    if ksr.dialog_var(LATE) == other and method == "INVITE":
        _offer_in_answer(code, _leg(other), asker)
    elif method in OFFERING:
        _answer(code, _leg(asker), _leg(other), "")
    else:
        _answers_nothing()


def _offer_in_answer(code: int, offers: Leg, receiver: str) -> None:
    """To an INVITE without an offer the answer has one (RFC 3261 section 13.2.1), which the ACK will answer.

    Where it has none either, the call is one without media: the ACK has nothing to answer.
    """
    if code >= 300:
        _answers_nothing()
        return
    if not ksr.has_body():
        if code >= 200:
            ksr.set_dialog_var(LATE, "")
        return
    if code < 200:
        ksr.remove_body()
        return
    keep_carried()
    hop = ksr.dialog_var("caller" if receiver == CALLER else "callee")
    kept = suite(media_port.media_report(), ksr.text("$ft")) if ksr.dialog_var(CARRIED) else ""
    objection = objection_to_answer(offers, ksr.body()) if ksr.has_sdp() else UNKNOWN_BODY
    if objection is None and _offer(_leg(receiver), hop, offers, in_use=kept):
        return
    _breaks(objection or UNAVAILABLE)


def answer_in_ack(answers: str, offered: str) -> bool:
    """The ACK answers the offer that came so late; False: what it says may not be said, and the call has to end."""
    if ksr.dialog_var(LATE) != offered or ksr.dialog_var(BROKEN):
        if ksr.has_body():
            ksr.remove_body()
        return True
    ksr.set_dialog_var(LATE, "")
    leg = _leg(answers)
    if not ksr.has_sdp():
        _breaks(NOT_AS_OFFERED)
        return False
    ksr.set_dialog_var(answers, encode_leg(agreed(leg, ksr.body())))
    _answer(200, _leg(offered), leg, "")
    return not ends_now()


def in_use() -> dict[str, str | float]:
    """How each side's media is encrypted and how good it was, by the names of the call record."""
    if not ksr.dialog_var(CARRIED) or not ksr.dialog_var(CALLEE):
        return {}
    report = media_port.media_report()
    sides = (("caller_rtp", CALLER, "$dlg(from_tag)"), ("called_rtp", CALLEE, "$dlg(to_tag)"))
    encrypted = {name: described(_leg(leg), suite(report, ksr.text(tag))) for name, leg, tag in sides}
    return {**encrypted, **quality(report)}


def let_go() -> None:
    """The relay may forget the call; it is not asked about one that it never carried."""
    if ksr.dialog_var(CARRIED):
        media_port.media_delete()


def _offer(leg: Leg, next_hop: str, asker: Leg | None, more: str = "", in_use: str = "") -> bool:
    """`asker` None: whoever offers has its sound where it says."""
    if not ksr.has_sdp():
        return not ksr.has_body()
    ksr.set_dialog_var(CARRIED, "1")
    family = _family_of_tied(next_hop) or ("IP6" if "[" in next_hop else "IP4")
    reports = "" if len(streams(ksr.body())) > 1 else REPORTS
    place = _from(asker) if asker else ""
    flags = (place, _towards(leg, in_use), f"address-family={family}", reports, _steady(), more)
    return ksr.media_offer(" ".join((ALWAYS, *flags, links.of_both_sides())))


def _passing(body: str, *, outside: bool) -> str:
    carried = near(carried_only(body))
    return nameless(carried) if outside else carried


def _answer(code: int, asker: Leg, other: Leg, more: str) -> None:
    if code >= 300 or not ksr.has_sdp():
        _answers_nothing()
        return
    keep_carried()
    ice = "ICE=force DTLS=passive" if asker.browser else "ICE=remove"
    keys = "OSRTP-accept-RFC" if asker.form is Form.BOTH else ""
    objection = objection_to_answer(other, ksr.body())
    if objection is None and ksr.media_answer(f"{ALWAYS} {_from(other)} {ice} {keys} {_steady()} {more}"):
        return
    _breaks(objection or UNAVAILABLE)


def _answers_nothing() -> None:
    """Of a body that is no answer: a refusal may say what the phone could do instead (RFC 3261 section 21.4.26), and
    with that where it is.
    """
    if ksr.has_body():
        ksr.remove_body()


def _breaks(objection: Refuse) -> None:
    ksr.remove_body()  # raw SDP never travels; the guard ends the call as soon as it is up
    ksr.set_dialog_var("refused", objection.rule)
    ksr.set_dialog_var(BROKEN, "1")


def ends_now() -> bool:
    """Whether the answer of this call was refused, so that nothing but its end is left."""
    return bool(ksr.dialog_var(BROKEN))


def _steady() -> str:
    """The other end of a call that is tied to another one is a port of the relay itself: both stay where they are."""
    return "port-latching" if ksr.dialog_var(HANDING) or ksr.dialog_var(OF) else ""


def _family_of_tied(next_hop: str) -> str:
    """A call that comes to the voice process to be tied to another one meets that inside the relay; "" for others."""
    return ksr.dialog_var(MEETS) if next_hop == VOICE_HOP else ""


def _leg_through_sbc(next_hop: str, terms: Terms, insists: bool) -> Leg | None:
    """The SBC speaks to browsers for us (ICE and DTLS): it gets an offer with keys, over the link, and no browser's.

    None for whoever is not behind it. The parameter is the SBC's own, in the path that it signed.
    """
    spoken = next_hop.partition(";speaks=")[2].partition(";")[0]
    if not spoken:
        return None
    if spoken in WEB:
        return Leg(Form.SDES, strong=terms.strong)
    return leg_towards(spoken, terms, insists=insists)


def _from(leg: Leg) -> str:
    """A browser's addresses are proved by ICE; a phone's media comes from where its signalling comes from.

    The SBC names its own relay, where its clients' media comes from; the voice process ours, when it ties two calls; a
    provider its gateway.
    """
    if ksr.over_link() or facts.from_voice():
        return ""
    if leg.browser and "a=ice-ufrag:" in ksr.body():
        return ""
    if leg.elsewhere and all(_may_be_at(one) for one in destinations(ksr.body())):
        return ""
    return "SIP-source-address"


def _may_be_at(address: str) -> bool:
    shown = f"[{address}]" if ":" in address else address
    return may_be_at(address, ksr.source()) and not ksr.is_ours(f"sip:{shown}")


def _towards(leg: Leg, in_use: str) -> str:
    if leg.browser:
        return TO_BROWSER
    acceptable = acceptable_suites(leg.strong)
    suites = (in_use,) if in_use in acceptable else acceptable
    only = " ".join(f"SDES-only-{suite}" for suite in suites) if leg.form in (Form.SDES, Form.BOTH) else ""
    pleasant = f"SDES-order:{';'.join(suites)};" if only else ""
    return f"{OFFERS[leg.form]} {TO_PHONE} {only} {pleasant}"


def _leg(name: str) -> Leg:
    return decode_leg(ksr.dialog_var(name))


def _branch_variable() -> str:
    return f"leg{ksr.number('$T_branch_idx')}"
