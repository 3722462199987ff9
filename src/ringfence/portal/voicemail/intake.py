"""Takes in what the voice process has left in the spool. Killed at any point, nothing is lost or taken twice."""

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from ringfence.audio.g711 import RATE
from ringfence.audio.sealed import SealBroken
from ringfence.portal import audio, places
from ringfence.portal.people.models import Extension
from ringfence.portal.recordings import intake as recordings
from ringfence.portal.voicemail.models import Mailbox, Message
from ringfence.portal.voicemail.waiting import tell_waiting

log = logging.getLogger(__name__)

LONGEST_NOTE: Final = 8192
_UID: Final = re.compile(r"[0-9a-f]{32}")

type Note = dict[str, Any]


def take_in() -> int:
    """How many were taken in."""
    spool = places.PATHS.spool
    audio.FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    return sum(_take(note) for note in sorted(spool.glob("*.json")))


def _take(path: Path) -> bool:
    """A note that is none of ours is set aside, so that it cannot hold up the others."""
    uid = path.stem
    try:
        note = _read(path)
        take = KINDS[note["kind"]]
        _fetch(uid)
        size, whole = audio.measured(audio.file_of(uid))
        take(uid, note, size, whole)
    except (ValueError, KeyError, TypeError, SealBroken, FileNotFoundError) as error:
        log.error("%s in the spool cannot be taken in: %s", uid, error)
        path.rename(path.with_suffix(".refused"))
        return False
    path.unlink()
    return True


def _read(path: Path) -> Note:
    if not _UID.fullmatch(path.stem) or path.stat().st_size > LONGEST_NOTE:
        raise ValueError("no note of the voice process")
    note = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(note, dict):
        raise TypeError("no note of the voice process")
    return note


def _fetch(uid: str) -> None:
    """Moves the sealed file; it is there already if the last attempt came so far."""
    target = audio.file_of(uid)
    if not target.exists():
        (places.PATHS.spool / target.name).rename(target)


def _voicemail(uid: str, note: Note, size: int, whole: bool) -> None:
    number, _, domain = str(note["mailbox"]).partition("@")
    extension = Extension.objects.select_related("tenant").filter(tenant__domain=domain, number=number).first()
    if extension is None:
        audio.delete_files([uid])
        return
    with transaction.atomic():
        Message.objects.get_or_create(
            uid=uid,
            defaults={
                "extension": extension,
                "caller": text(note, "caller"),
                "call_id": text(note, "call"),
                "missed": text(note, "missed")[:16],
                "left_at": datetime.fromtimestamp(float(note["started_at"]), UTC),
                "seconds": round(size / RATE, 1),
                "size": size,
                "whole": whole,
                "mail_due": bool(Mailbox.of(extension).email),
            },
        )
        transaction.on_commit(lambda: tell_waiting(extension))


def text(note: Note, name: str) -> str:
    return str(note.get(name) or "").replace("\0", "")[:255]


KINDS: Final[dict[str, Callable[[str, Note, int, bool], None]]] = {
    "voicemail": _voicemail,
    "recording": recordings.take,
}
"""By the note's kind."""
