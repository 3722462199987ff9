"""What the spool keeps when the disk fills up in the middle of a message (attack case 121)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ringfence.audio.sealed import SealedWriter, public_key, read_sealed
from ringfence.voice import leave
from ringfence.voice.spool import Spool

KEY = bytes(range(32))
SECOND = b"\x80" * 8000


def spool_in(folder: Path) -> Spool:
    (folder / "audio.pub").write_bytes(public_key(KEY))
    (folder / "spool").mkdir()
    return Spool(folder / "spool", folder / "audio.pub")


def no_room(*_: Any, **__: Any) -> int:
    raise OSError(28, "No space left on device")


def test_a_message_that_fills_the_disk_is_handed_over_as_far_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note of its beginning stays: without one nobody would know whose it is."""
    spool = spool_in(tmp_path)
    parcel = spool.open("voicemail", mailbox="101@a.example")
    parcel.write(2 * SECOND)
    monkeypatch.setattr(Path, "write_text", no_room)
    assert parcel.finish()
    (note,) = (tmp_path / "spool").glob("*.json")
    assert json.loads(note.read_bytes())["mailbox"] == "101@a.example"
    assert read_sealed(note.with_suffix(".audio"), KEY).startswith(SECOND)


def test_what_cannot_be_begun_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = spool_in(tmp_path)
    monkeypatch.setattr(Path, "write_text", no_room)
    with pytest.raises(OSError, match="No space"):
        spool.open("voicemail", mailbox="101@a.example")
    assert list((tmp_path / "spool").iterdir()) == []


class Talk:
    """A caller who says a second of something; `said` is what he hears."""

    def __init__(self) -> None:
        self.facts = {"argument": "101@a.example"}
        self.said: list[str] = []

    async def say(self, *sounds: str) -> str:
        self.said += sounds
        return ""

    async def hear(self, sink: Any, seconds: float) -> None:
        sink(2 * SECOND)


def test_nobody_is_told_that_a_message_is_saved_while_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when it fills up meanwhile nor when it was full before."""
    spool, during, before = spool_in(tmp_path), Talk(), Talk()

    async def both() -> None:
        with monkeypatch.context() as full:
            full.setattr(SealedWriter, "write", no_room)
            await leave._record(during, spool, "101@a.example", 60)  # type: ignore[arg-type]
        with monkeypatch.context() as full:
            full.setattr(Path, "write_text", no_room)
            await leave._record(before, spool, "101@a.example", 60)  # type: ignore[arg-type]

    asyncio.run(both())
    assert during.said == ["beep", "vm-sorry", "vm-goodbye"]
    assert before.said == ["vm-sorry", "vm-goodbye"]
