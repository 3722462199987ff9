"""The journal reaches the disk, and an idle one costs nothing (attack case 123)."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from ringfence.journal.durability import sync
from ringfence.journal.writer import JournalWriter
from ringfence.policy.events import Kind


def test_only_what_is_new_is_put_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    with closing(JournalWriter(tmp_path)) as pen:
        pen.append(Kind.CALL_ENDED, {"n": 1})
        known = sync(tmp_path, {})
        assert len(synced) == 1
        assert sync(tmp_path, known) == known
        assert len(synced) == 1
        pen.append(Kind.CALL_ENDED, {"n": 2})
        assert sync(tmp_path, known) != known
        assert len(synced) == 2


def test_a_missing_journal_is_no_error(tmp_path: Path) -> None:
    assert sync(tmp_path / "gone", {3: 10}) == {}
