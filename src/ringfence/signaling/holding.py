"""Music for whoever is put on hold: the relay plays it, so it works with any phone that can hold a call."""

from typing import Final

from ringfence.policy.hold import holds
from ringfence.signaling import ksr, media_port

MUSIC: Final = "/usr/share/asterisk/moh/manolo_camp-morning_coffee.wav"
"""Comes with the package asterisk-moh-opsound-wav; without it there is silence. The shortest one: the relay reads the
whole file before it plays, and whatever else this call wants waits meanwhile."""

AGAIN_AND_AGAIN: Final = 100


def note_offer(other_tag: str) -> None:
    """Notes in the dialog whom the new offer of a running call holds, if anybody."""
    if ksr.has_sdp():
        ksr.set_dialog_var("held", other_tag if holds(ksr.body()) else "")


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
