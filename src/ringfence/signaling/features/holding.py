"""Music for whoever is put on hold: the relay plays it, so it works with any phone that can hold a call."""

from typing import Final

from ringfence.policy.relay.hold import holds
from ringfence.signaling.ports import ksr, media_port

MUSIC: Final = "/usr/share/asterisk/moh/manolo_camp-morning_coffee.wav"
"""Comes with the package asterisk-moh-opsound-wav; without it there is silence. The shortest one: the relay reads the
whole file before it plays, and whatever else this call wants waits meanwhile."""

AGAIN_AND_AGAIN: Final = 100


HOLDS: Final = "holds"
"""Whether the offer of a transaction holds the other side: it counts once it is accepted (RFC 3261 section 14.1)."""


def note_offer() -> None:
    """Notes with the request at hand whether it holds the other side."""
    if ksr.has_sdp():
        ksr.note(HOLDS, "yes" if holds(ksr.body()) else "no")


def note_answer(code: int) -> None:
    """Notes in the dialog who is held from now on, if anybody. Who refreshes a call that the other side holds is held
    on: the answer says so.
    """
    offered = ksr.noted(HOLDS)
    if not 200 <= code < 300 or not (offered or ksr.has_sdp()) or not ksr.dialog_var("answered"):
        return
    is_still_held = ksr.has_sdp() and holds(ksr.body())
    held = ksr.text("$tt") if offered == "yes" else ksr.text("$ft") if is_still_held else ""
    ksr.set_dialog_var("held", held)
    if ksr.text("$rm") == "UPDATE":
        obey()


def obey() -> None:
    """Once the answer to the offer is acknowledged: music to whoever is held, silence to whoever is not any more."""
    held, hears = ksr.dialog_var("held"), ksr.dialog_var("hears")
    if held == hears:
        return
    if hears:
        media_port.stop_music(f"from-tag={hears}")
    if held:
        media_port.play_music(f"from-tag={held} file={MUSIC} repeat-times={AGAIN_AND_AGAIN}")
    ksr.set_dialog_var("hears", held)
