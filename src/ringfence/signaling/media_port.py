"""The part of the typed port to Kamailio that only the media relay uses, beside `ksr.py` and by its rules."""

import KSR

from ringfence.signaling.ksr import text


def media_delete() -> None:
    KSR.rtpengine.rtpengine_delete0()


def play_music(flags: str) -> None:
    KSR.rtpengine.play_media(flags)


def stop_music(flags: str) -> None:
    KSR.rtpengine.stop_media(flags)


def media_quality() -> dict[str, float]:
    """What the relay knew of the deleted call: MOS, loss in percent, jitter in milliseconds."""
    found = {name: text(f"$avp({name})") for name in ("mos", "loss", "jitter")}
    return {name: float(value) for name, value in found.items() if value.replace(".", "", 1).isdigit()}
