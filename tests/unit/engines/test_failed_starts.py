"""A process that cannot start is known with its own words, until it starts (issue 2)."""

import json
from pathlib import Path

from ringfence.engines.supervision.lastwords import LONGEST, last_words, reason_in
from ringfence.engines.supervision.notes import ChildNote, read_notes
from tests.unit.engines.programs import a_child, free_port, supervised, until
from tests.unit.engines.programs import note as noted_as_ready

STUMBLES = """
import pathlib, socket, sys, time
if not pathlib.Path(sys.argv[1]).exists():
    print("reading", sys.argv[1:])
    sys.exit("ERROR: it is not there")
listening = socket.create_server(("127.0.0.1", int(sys.argv[2])))
time.sleep(60)
"""


def seen(folder: Path) -> ChildNote | None:
    notes = read_notes(folder)
    return notes.of("sleeper") if notes is not None else None


def failed(folder: Path, times: int) -> bool:
    note = seen(folder)
    return note is not None and note.failed >= times


def test_a_start_that_fails_is_noted_with_its_last_words_and_forgotten_once_one_succeeds(tmp_path: Path) -> None:
    needed, port = tmp_path / "needed", free_port()
    child = a_child(tmp_path, "sleeper", STUMBLES, str(needed), str(port), ready=(f"tcp:127.0.0.1:{port}",))
    with supervised(tmp_path, child, ready=False):
        until(lambda: failed(tmp_path, 3))
        note = seen(tmp_path)
        assert note is not None
        assert (note.ready, note.reason) == (False, "ERROR: it is not there")
        times, _, starts, reason = json.loads((tmp_path / "run" / "endings" / "endings.json").read_text())["sleeper"]
        assert (times >= 3, starts >= 3, reason) == (True, True, "ERROR: it is not there")
        needed.touch()
        until(lambda: noted_as_ready(tmp_path))
        note = seen(tmp_path)
        assert note is not None
        assert (note.failed, note.reason) == (0, "")


def test_one_that_nobody_can_ask_fails_to_start_when_it_ends_with_a_complaint_soon(tmp_path: Path) -> None:
    """Such as those that follow the guard's events: they open nothing."""
    child = a_child(tmp_path, "sleeper", "import sys; sys.exit('ValueError: no database')")
    with supervised(tmp_path, child, ready=False):
        until(lambda: failed(tmp_path, 3))
        note = seen(tmp_path)
        assert note is not None
        assert note.reason == "ValueError: no database"


def test_what_cannot_be_started_at_all_is_noted_too(tmp_path: Path) -> None:
    child = a_child(tmp_path, argv=("/nowhere/program",))
    with supervised(tmp_path, child, ready=False):
        until(lambda: failed(tmp_path, 2))
        note = seen(tmp_path)
        assert note is not None
        assert "/nowhere/program" in note.reason


def test_only_a_start_after_one_that_failed_is_loud(tmp_path: Path) -> None:
    """In a healthy system no packet buys a line."""
    words = "import sys; sys.exit('ERROR: ' + repr(sys.argv[1:]))"
    child = a_child(tmp_path, "sleeper", words, loud=("-A", "LOUD"), ready=(f"unix:{tmp_path / 'never'}",))
    with supervised(tmp_path, child, ready=False):
        until(lambda: failed(tmp_path, 2))
    lines = (tmp_path / "sleeper.log").read_text().splitlines()
    assert lines[:2] == ["ERROR: []", "ERROR: ['-A', 'LOUD']"]


def test_the_words_of_an_earlier_start_are_not_taken_for_those_of_the_last(tmp_path: Path) -> None:
    log = tmp_path / "core.log"
    log.write_text("ERROR: old\n")
    since = log.stat().st_size
    assert last_words(log, since) == ""
    with log.open("a") as file:
        file.write("Listening\n 0(7) ERROR: first\n0(7) ERROR: then\n 0(7) CRITICAL: last\n\x1b[0m\n")
    assert last_words(log, since) == "0(7) ERROR: first; 0(7) CRITICAL: last"
    log.write_text("ERROR: cut meanwhile\n")
    assert last_words(log, since + 500) == "ERROR: cut meanwhile"
    assert last_words(tmp_path / "none.log", 0) == ""


def test_a_reason_is_short_and_plain() -> None:
    assert len(reason_in("error " + "x" * 5000)) == LONGEST
    assert "\x1b" not in reason_in("\x1b[31merror\x1b[0m")
    assert reason_in("") == ""
