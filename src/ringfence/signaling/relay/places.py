"""The places that a browser names for ICE, before a relay is told of them."""

from ringfence.policy.relay.candidates import bounded
from ringfence.policy.relay.media import WEB
from ringfence.signaling.ports import ksr, media_port


def near(body: str) -> str:
    """The description at hand with the candidates of a browser that speaks to us itself. ICE is used with nobody else,
    but the relay would check what anybody names.
    """
    own = ksr.transport() in WEB and not ksr.over_link()
    return bounded(body, ksr.source() if own else "")


def keep_near() -> None:
    """Leaves only those in the message."""
    if not ksr.has_sdp():
        return
    body = ksr.body()
    if (kept := near(body)) != body:
        media_port.describe(kept)
