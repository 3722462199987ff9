"""Deletes audio that belongs to nothing any more: of deleted tenants and extensions."""

import time
from collections.abc import Iterable
from itertools import batched
from pathlib import Path
from typing import Final

from ringfence.portal import audio
from ringfence.portal.recordings.models import Recording
from ringfence.portal.voicemail.models import Message

SETTLED: Final = 3600.0
"""Seconds after which a file that was just taken in has its row."""

AT_ONCE: Final = 500


def delete_orphans() -> int:
    """How many files."""
    until = time.time() - SETTLED
    files = (path for path in audio.FOLDER.glob("*.audio") if path.stat().st_mtime < until)
    return sum(_delete(part) for part in batched(files, AT_ONCE, strict=False))


def _delete(files: Iterable[Path]) -> int:
    found = {path.stem for path in files}
    known = {
        uid
        for model in (Recording, Message)
        for uid in model.objects.filter(uid__in=found).values_list("uid", flat=True)
    }
    audio.delete_files(sorted(found - known))
    return len(found - known)
