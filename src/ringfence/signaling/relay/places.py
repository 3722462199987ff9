"""The places that a browser names for ICE before a relay is told of them; at the SBC its certificate too."""

from ringfence.policy.relay.candidates import bounded
from ringfence.policy.relay.carried import carried_only
from ringfence.policy.relay.media import WEB, is_proved
from ringfence.signaling.ports import ksr, media_port


def near(body: str) -> str:
    """The description at hand with the candidates of a browser that speaks to us itself. ICE is used with nobody else,
    but the relay would check what anybody names.
    """
    return bounded(body, ksr.source() if _is_browser() else "")


def keep_near() -> bool:
    """Leaves of a description that reaches the SBC only those places. False: the SBC's relay, where DTLS with a browser
    ends, would take any certificate for the browser's.
    """
    if not ksr.has_sdp():
        return True
    body = ksr.body()
    kept = near(carried_only(body) if _is_browser() else body)
    if kept != body:
        media_port.describe(kept)
    return not _is_browser() or is_proved(kept)


def _is_browser() -> bool:
    return ksr.transport() in WEB and not ksr.over_link()
