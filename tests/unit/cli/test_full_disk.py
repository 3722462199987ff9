"""A verb on a disk that takes nothing says so in one sentence (attack case 121)."""

import errno
import os
from pathlib import Path
from sqlite3 import OperationalError

import pytest

from ringfence.cli import app
from ringfence.cli.outcome import NOTHING_RUNS, complain_of_silence
from ringfence.hosts import room
from ringfence.hosts.room import disk_refuses


def failing_with(number: int) -> object:
    def verb() -> None:
        raise OSError(number, os.strerror(number), "/var/lib/ringfence/state.json")

    return verb


def ended(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(app, "VERBS", (("down", failing_with(number)),))
    monkeypatch.setattr("sys.argv", ["ringfence", "down"])
    app.main()


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "there is no room on the disk"), (errno.EROFS, "the disk is read-only")]
)
def test_it_says_what_to_do_and_names_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, said: str
) -> None:
    """`backup` and `public-address` ended with a page of Python."""
    with pytest.raises(SystemExit) as end:
        ended(monkeypatch, number)
    assert end.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith(f"ringfence: {said}") and told.endswith("/var/lib/ringfence/state.json\n")


def test_another_failure_of_the_system_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="Permission"):
        ended(monkeypatch, errno.EACCES)


def test_a_database_that_cannot_be_opened_on_a_read_only_disk_names_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`setup-link` spoke of a database that `ringfence up` makes."""
    failure = OperationalError("unable to open database file")
    assert disk_refuses(failure, tmp_path) == ""
    monkeypatch.setattr(room, "is_read_only", lambda _: True)
    assert disk_refuses(failure, tmp_path).startswith("the disk is read-only")


def test_whoever_goes_on_without_an_answer_is_not_told_that_something_is_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`doctor` where nothing runs."""
    monkeypatch.setenv("RINGFENCE_RUN_DIR", str(tmp_path))
    complain_of_silence(
        "CommandError: The process that changes the web server does not answer; it is restarted by itself"
    )
    assert capsys.readouterr().err == f"ringfence: {NOTHING_RUNS}\n"
    complain_of_silence("CommandError: the database is of a later version")
    assert capsys.readouterr().err == "ringfence: the database is of a later version\n"
