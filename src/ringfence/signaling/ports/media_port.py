"""The part of the typed port to Kamailio that only the media relay uses, beside `ksr.py` and by its rules."""

import re
from collections.abc import Iterable
from typing import Any, Final

import KSR
import orjson

from ringfence.signaling.ports.ksr import _yes, remove_body, text

REPORT: Final = "$var(media_report)"


def remove_keys(suites: Iterable[str]) -> None:
    """Takes the lines with keys for these suites (RFC 4568) out of the body."""
    pattern = f"a=crypto:[0-9]+[ ]+({'|'.join(map(re.escape, suites))})[ ][^\r\n]*[\r\n]+"
    if _yes(KSR.textops.replace_body_all(pattern, "")):
        KSR.textopsx.msg_apply_changes()


def describe(body: str) -> None:
    """Puts this session description in the place of the one at hand."""
    KSR.textops.set_body(body, "application/sdp")
    KSR.textopsx.msg_apply_changes()


def say_nothing() -> None:
    """Takes it out again, whatever the relay made of it."""
    KSR.textopsx.msg_apply_changes()
    remove_body()


def media_delete() -> None:
    KSR.rtpengine.rtpengine_delete0()


def play_music(flags: str) -> None:
    KSR.rtpengine.play_media(flags)


def stop_music(flags: str) -> None:
    KSR.rtpengine.stop_media(flags)


def media_report() -> dict[str, Any]:
    """What the relay knows of the call of this message; nothing if it does not answer."""
    if not _yes(KSR.rtpengine.rtpengine_query_v("j", REPORT)):
        return {}
    try:
        found: Any = orjson.loads(text(REPORT))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
