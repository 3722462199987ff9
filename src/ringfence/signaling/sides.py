"""The two sides of a call: media through rtpengine, SRTP where a trunk demands it, and what the outside may see."""

from typing import Any, Final

from ringfence.signaling import facts, ksr, trunk_port

MEDIA_FLAGS: Final = "replace-origin replace-session-connection strict-source ICE=remove"
OF_SENDER: Final = "SIP-source-address"
"""Media is expected from where the message came from, whatever the phone believes its address to be."""

PLAIN: Final = "RTP/AVP"
ENCRYPTED: Final = "RTP/SAVP"
OF_PHONES: Final = "^(User-Agent|Organization|Call-Info|Subject|Authorization|Proxy-Authorization)$"
"""Headers that tell what phone this is, or what it proved to us."""


def media_flags() -> str:
    """How the relay takes the offer or answer of this message. What the SBC passes on names the SBC's own relay."""
    return MEDIA_FLAGS if ksr.over_link() else f"{MEDIA_FLAGS} {OF_SENDER}"


def profile_of(encrypted: bool) -> str:
    """The RTP profile of one side (RFC 3551, RFC 3711)."""
    return ENCRYPTED if encrypted else PLAIN


def side_profile(side: str) -> str:
    """What the caller's or the callee's side of this dialog speaks: SRTP only where its trunk demands it."""
    return profile_of(ksr.dialog_var("srtp") == side)


def asking_side() -> str:
    """Whose offer the reply at hand answers."""
    tag = ksr.text("$dlg(from_tag)")
    return "caller" if not tag or ksr.text("$ft") == tag else "callee"


def note_outside(party: str) -> None:
    """The core may have been restarted since the call began: what is outside is noted with each request of it."""
    if party:
        trunk_port.note_outside(facts.party_address(party))


def dress_for_outside(outside: str) -> None:
    """A request to a provider within a call: the parties as its INVITE named them, its own route, nothing of ours."""
    ksr.remove_headers(OF_PHONES)
    ours, theirs = ksr.dialog_var("shown"), ksr.dialog_var("called")
    if ours and theirs:
        trunk_port.show_parties(ours, theirs)
    if route := ksr.text("$dlg(to_rs)" if outside == "callee" else "$dlg(from_rs)"):
        ksr.append_header(f"Route: {route}")


def outside_fields() -> dict[str, Any]:
    """How a call came in or went out; nothing of an internal one."""
    direction = ksr.dialog_var("direction")
    if not direction:
        return {}
    names = ("number", "outbound_rule")
    told = {name: value for name in names if (value := ksr.dialog_var(name))}
    return {"direction": direction, "trunk": int(ksr.dialog_var("trunk") or 0), **told}


def relays_media(next_hop: str, profile: str = PLAIN) -> bool:
    """Puts the relay between the two sides if audio is offered, in the address family of the next hop."""
    if not ksr.has_sdp():
        return True
    family = "IP6" if "[" in next_hop else "IP4"
    return ksr.media_offer(f"{media_flags()} {profile} address-family={family}")


def relay_media_of_reply(code: int) -> None:
    """Replaces the media address in a reply of either side with ours."""
    if code >= 300 or not ksr.has_sdp():
        return
    if ksr.dialog_var("direction"):
        trunk_port.strip_source_names()
    if not ksr.media_answer(f"{media_flags()} {side_profile(asking_side())}"):
        ksr.remove_body()  # raw SDP never travels; the call is ended instead
        ksr.end_dialog()
