"""What the supervisor noted is read by whichever version comes after it (docs/backup.md, "Upgrade")."""

import json
from pathlib import Path

import pytest

from ringfence.engines.supervision.notes import STATE_FILE, ChildNote, read_notes

NOTED = {"name": "core", "pid": 7, "start": 9, "since": 1.0, "restarts": 0, "ready": True}
SUPERVISOR = {"pid": 5, "start": 6}


def test_notes_of_a_later_version_are_read_as_far_as_they_are_known(tmp_path: Path) -> None:
    """A package that went back could not stop what ran: `ringfence down` ended with a page of Python."""
    later = {"supervisor": SUPERVISOR, "children": [NOTED | {"mood": "fine"}], "more": 1}
    (tmp_path / STATE_FILE).write_text(json.dumps(later))
    notes = read_notes(tmp_path)
    assert notes is not None and notes.children == (ChildNote("core", 7, 9, 1.0, 0, ready=True),)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"supervisor": {"pid": 5}, "children": []}', '{"supervisor": 1}'])
def test_what_is_no_note_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE_FILE).write_text(text)
    assert read_notes(tmp_path) is None
