"""What was said, sealed, and a note about it, for the mail room to fetch. Nothing of it is lost if either is killed."""

import json
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ringfence.audio.g711 import RATE
from ringfence.audio.sealed import SealedWriter

AUDIO, OPEN, DONE, DRAFT = ".audio", ".open", ".json", ".draft"
SHORTEST: Final = RATE // 2
"""Less than half a second of sound is a caller who hung up at the tone."""


@dataclass(slots=True)
class Parcel:
    """One message or recording that is being written."""

    folder: Path
    name: str
    writer: SealedWriter
    note: dict[str, Any]
    channels: int = 1
    failed: bool = field(default=False)

    def write(self, ulaw: bytes) -> None:
        """A full disk ends the recording and never the call."""
        if self.failed:
            return
        try:
            self.writer.write(ulaw)
        except OSError:
            self.failed = True

    @property
    def seconds(self) -> float:
        return self.writer.size / (RATE * self.channels)

    def finish(self) -> bool:
        """Hands it over; False when it was too short and is gone."""
        if self.writer.size < SHORTEST * self.channels:
            self.discard()
            return False
        with suppress(OSError):  # a full disk: what is there already is handed over with the note of its beginning
            self.writer.close()
        with suppress(OSError):
            _write_note(self.folder / f"{self.name}{OPEN}", {**self.note, "seconds": round(self.seconds, 1)})
        (self.folder / f"{self.name}{OPEN}").rename(self.folder / f"{self.name}{DONE}")
        return True

    def discard(self) -> None:
        self.writer.abandon()
        for suffix in (OPEN, AUDIO):
            (self.folder / f"{self.name}{suffix}").unlink(missing_ok=True)


class Spool:
    """Names are ours and random: nothing that a caller sends becomes part of a path."""

    def __init__(self, folder: Path, key_file: Path) -> None:
        self.folder = folder
        self._key_file = key_file

    def open(self, kind: str, channels: int = 1, **note: Any) -> Parcel:
        """Raises OSError or ValueError when nothing can be kept."""
        name = secrets.token_hex(16)
        whole = {"kind": kind, "channels": channels, "started_at": time.time(), **note}
        writer = SealedWriter(self.folder / f"{name}{AUDIO}", self._key_file.read_bytes())
        parcel = Parcel(self.folder, name, writer, whole, channels)
        try:
            _write_note(self.folder / f"{name}{OPEN}", whole)
        except OSError:
            parcel.discard()
            raise
        return parcel

    def recover(self) -> list[dict[str, Any]]:
        """What a killed predecessor left open is handed over as far as it goes; the notes about it."""
        found = sorted(self.folder.glob(f"*{OPEN}"))
        notes = [note for path in found if (note := _read_note(path))]
        for path in found:
            path.rename(path.with_suffix(DONE))
        return notes


def _write_note(path: Path, note: dict[str, Any]) -> None:
    """Whole, or what stood there before."""
    draft = path.with_suffix(DRAFT)
    try:
        draft.write_text(json.dumps(note), encoding="utf-8")
        draft.chmod(0o660)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _read_note(path: Path) -> dict[str, Any]:
    """Nothing of one that was killed while it was written."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
