"""What a verb says when there is nothing it can do (issue 2: an error names what to do)."""

import json
import os
from io import StringIO
from pathlib import Path
from typing import NoReturn

import pytest
import typer

from ringfence.cli import app, passphrase, restore, setup_link, transport


def never(*_: object) -> NoReturn:
    raise AssertionError("asked")


def aborted(*_: object, **__: object) -> NoReturn:
    raise typer.Abort


def test_no_transport_is_asked_for_where_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said that the process which changes them is restarted by itself."""
    monkeypatch.setenv("RINGFENCE_RUN_DIR", str(tmp_path))
    monkeypatch.setattr(transport, "run_portal", never)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(typer.Exit) as ended:
        transport.list_transports()
    assert ended.value.exit_code == 1
    assert "Start it: ringfence up" in capsys.readouterr().err


def test_no_passphrase_is_asked_for_a_file_that_is_no_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "photo"
    file.write_bytes(bytes(5000))
    monkeypatch.setattr(restore, "this_system", lambda: None)
    monkeypatch.setattr(restore, "passphrase_from", never)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(typer.Exit):
        restore.restore_backup(file, check=True)
    assert "this file is no backup of Ringfence; nothing was changed" in capsys.readouterr().err


def test_nobody_at_the_keyboard_is_told_of_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A nightly job read "Aborted."."""
    monkeypatch.setattr("sys.stdin", StringIO())
    monkeypatch.setattr(typer, "prompt", aborted)
    with pytest.raises(typer.Exit):
        passphrase.passphrase_from(None)
    assert "--passphrase-file FILE" in capsys.readouterr().err


def test_a_setup_link_is_a_document_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(setup_link, "portal_output", lambda *_: "https://192.0.2.1:8887/setup#token=x\n")
    setup_link.setup_link(as_json=True)
    assert json.loads(capsys.readouterr().out) == {"link": "https://192.0.2.1:8887/setup#token=x"}


def test_there_is_no_setup_link_beside_an_administrator(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty line came out, and all was well."""
    monkeypatch.setattr(setup_link, "portal_output", lambda *_: "")
    with pytest.raises(typer.Exit) as ended:
        setup_link.setup_link()
    assert ended.value.exit_code == 1
    assert "ringfence sign-in new-password admin" in capsys.readouterr().err


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_what_a_verb_writes_is_readable_for_the_parts_and_writable_for_nobody_else(
    monkeypatch: pytest.MonkeyPatch, mask: int
) -> None:
    """With 077, as a hardened root has it, the core could not read its certificate; with 000 all could write a log."""
    in_force = []
    monkeypatch.setattr(app, "build", lambda: lambda prog_name: in_force.append(os.umask(0o022)))
    before = os.umask(mask)
    try:
        app.main()
    finally:
        os.umask(before)
    assert in_force == [0o022]
